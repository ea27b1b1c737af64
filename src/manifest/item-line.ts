import type {Entry} from '../lanes/entry.ts';
import {TwolaneError} from '../lanes/errors.ts';
import type {FlowDefinition} from '../lanes/flow.ts';
import {checkItem} from './check-item.ts';
import {isRecord} from './find-source.ts';
import {hideSecrets} from '../lanes/hide-secrets.ts';

/** An entry and the item as it was given, before the schema: what the run keeps, as JSON. */
export interface PlannedItem {
	readonly entry: Entry;
	readonly raw: unknown;
}

/** Where an item stands in its manifest, as far as its line and the one before do not tell: a note of the planner to itself. */
export interface PlaceNote {
	/** Absent: the line after the item before. */
	readonly line?: number;
	/** Absent: the manifest of the item before. */
	readonly manifest?: number;
	/** Whether the item brought an id along. Absent: what the item shows. */
	readonly own?: boolean;
}

/** One line of the run's items file, without its line end. */
export function writeItemLine({entry: {n, id, source, meta, error}, raw}: PlannedItem, at?: PlaceNote): string {
	return JSON.stringify({n, id, item: raw ?? null, source, meta, error, at});
}

/**
 * Reads a line of the run's items file back, and passes the item through the flow's schema again, which makes of it what JSON cannot hold.
 * What the schema was given stays beside it, for the outcome.
 * A promise only when the schema is asynchronous.
 * @throws TwolaneError `INTERNAL` when the line was not written by `writeItemLine`.
 */
export function parseItemLine(line: string, flow: Pick<FlowDefinition, 'item'>): Entry | Promise<Entry> {
	const read = readItemLine(line).entry;
	const given = read.item;
	const entry = Object.assign(read, {given});
	if (entry.error !== undefined) return entry;
	const checked = checkItem(flow.item, given);
	const close = (result: Awaited<typeof checked>): Entry =>
		'problem' in result
			? {...entry, error: {code: 'ITEM_INVALID', stage: 'item', retryable: false, message: hideSecrets(result.problem)}}
			: Object.assign(entry, {item: result.value});
	return checked instanceof Promise ? checked.then(close) : close(checked);
}

/** The entry as it was written, its item before the schema. @throws TwolaneError `INTERNAL` when it is none. */
export function readItemLine(line: string): {readonly entry: Entry; readonly at: PlaceNote | undefined} {
	const row = tryParse(line);
	if (!isRecord(row) || !Number.isSafeInteger(row.n) || typeof row.id !== 'string' || !('item' in row)) {
		throw new TwolaneError(
			'INTERNAL',
			'a line of the items file is not {n, id, item, ...}; the file was cut off or changed by another program',
		);
	}
	// The keys above are checked, the optional ones are as writeItemLine wrote them.
	const entry = row as unknown as Entry & {at?: PlaceNote};
	const {at} = entry;
	if (at !== undefined) delete entry.at;
	return {entry, at};
}

// Without the SyntaxError: its message quotes the line, and there the URLs still have their queries.
function tryParse(line: string): unknown {
	try {
		return JSON.parse(line);
	} catch {
		return undefined;
	}
}

/** What most lines tell without being parsed, which takes four times as long. */
export interface PeekedLine {
	readonly id: string;
	readonly source: string | undefined;
}

/** `undefined` where only parsing tells: an error, a note of its place, an id that JSON has to escape. */
export function peekItemLine(line: string): PeekedLine | undefined {
	const start = line.indexOf(',"id":"') + ',"id":"'.length;
	const end = line.indexOf('","item":', start);
	if (end < 0 || line.includes('"at":') || line.includes('"error":')) return undefined;
	const id = line.slice(start, end);
	return id.includes('\\') || id.includes('"') ? undefined : {id, source: peekSource(line)};
}

function peekSource(line: string): string | undefined {
	const start = line.lastIndexOf(',"source":"') + ',"source":"'.length;
	return start < ',"source":"'.length ? undefined : line.slice(start, line.indexOf('"', start));
}

/** The same line with another ordinal. */
export const renumberItemLine = (line: string, n: number): string => `{"n":${n}${line.slice(line.indexOf(','))}`;
