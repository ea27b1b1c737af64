import type {Entry} from '../lanes/entry.ts';
import {TwolaneError} from '../lanes/errors.ts';
import type {FlowDefinition} from '../lanes/flow.ts';
import type {ItemError} from '../lanes/outcome.ts';
import {checkItem} from './check-item.ts';
import {findSource, isRecord} from './find-source.ts';
import {hideSecrets} from '../lanes/hide-secrets.ts';
import {describeSource, findIdProblem, identify, readOwnId, type Sha256} from './identify.ts';

/** What reading an item needs of the platform. */
export interface EntryPorts {
	/** Called only where a query, a version id or a whole item is hashed. */
	readonly sha256: Sha256;
	/** Makes a `file` absolute. May refuse it with a TwolaneError, which becomes the item's error. */
	readonly resolveFile: (path: string) => string;
}

/** An entry with what the run's items file keeps of it. */
export interface OpenedRow {
	readonly entry: Entry;
	/** What the schema was given: the row without its `meta`, with an absolute `file`. */
	readonly raw: unknown;
	/** Whether the item brought its own `id` along, so that the same one again is a mistake and not a repeat. */
	readonly hasOwnId: boolean;
}

/**
 * Turns a row `{id?, meta?, ...item}`, or a plain value, into an entry: checked by the flow's schema, named, its unknown keys in `meta`.
 * A refused row is an entry with its `error`. A promise only when the schema is asynchronous.
 */
export function openEntry(flow: FlowDefinition, value: unknown, n: number, ports: EntryPorts): Entry | Promise<Entry> {
	const opened = openRow(flow, value, n, ports);
	return opened instanceof Promise ? opened.then(({entry}) => entry) : opened.entry;
}

/** `openEntry` for those who plan a run. */
export function openRow(flow: FlowDefinition, value: unknown, n: number, ports: EntryPorts): OpenedRow | Promise<OpenedRow> {
	let row: Row;
	try {
		row = readRow(value, ports);
	} catch (error) {
		if (error instanceof TwolaneError) return refuse(value, n, {code: error.code, message: error.message});
		throw error;
	}
	const checked = checkItem(flow.item, row.raw);
	const close = (result: Awaited<typeof checked>): OpenedRow =>
		'problem' in result
			? refuse(value, n, {message: result.problem, source: row.source})
			: accept(flow, result.value, n, row, ports.sha256);
	return checked instanceof Promise ? checked.then(close) : close(checked);
}

interface Row {
	/** The row without `meta`, as it was written. */
	readonly written: unknown;
	/** The same with an absolute `file`. */
	readonly raw: unknown;
	readonly meta: Meta | undefined;
	readonly source: string | undefined;
}
type Meta = Readonly<Record<string, unknown>>;

function readRow(value: unknown, {sha256, resolveFile}: EntryPorts): Row {
	if (!isRecord(value)) return {written: value, raw: value, meta: undefined, source: undefined};
	const written = value.meta === undefined ? value : withoutMeta(value);
	const meta = readMeta(value.meta);
	const source = findSource(value);
	if (source === undefined) return {written, raw: written, meta, source};
	const raw = 'file' in source ? {...written, file: resolveFile(source.file)} : written;
	return {written, raw, meta, source: describeSource(source, sha256)};
}

const withoutMeta = (row: Meta): Meta => Object.fromEntries(Object.entries(row).filter(([key]) => key !== 'meta'));

function readMeta(meta: unknown): Meta | undefined {
	if (meta === undefined || meta === null) return undefined;
	if (!isRecord(meta)) throw new TwolaneError('ITEM_INVALID', 'meta: expected an object, such as {"team": "x"}');
	return meta;
}

function accept(flow: FlowDefinition, item: unknown, n: number, {written, raw, meta, source}: Row, sha256: Sha256): OpenedRow {
	let id: ReturnType<typeof identify>;
	try {
		id = identify(flow, item, {given: written, source, sha256});
	} catch (error) {
		id = {problem: `no id could be made of the item: ${error instanceof Error ? error.message : String(error)}`};
	}
	if (typeof id !== 'string') return refuse(raw, n, {message: id.problem, source});
	const allMeta = collectMeta(raw, item, meta);
	const entry: {-readonly [Key in keyof Entry]: Entry[Key]} = {n, id, item};
	if (source !== undefined) entry.source = source;
	if (allMeta !== undefined) entry.meta = allMeta;
	return {entry, raw, hasOwnId: (readOwnId(item) ?? readOwnId(raw)) !== undefined};
}

/** Never meta: they name the item, and a URL has a query that no row may show. */
const reserved = new Set(['id', 'url', 's3', 'file', 'versionId']);

/** The explicit `meta` over the keys that the schema left out of its result. */
function collectMeta(raw: unknown, item: unknown, meta: Meta | undefined): Meta | undefined {
	if (!isRecord(raw) || !isPlain(item) || item === raw) return meta;
	let unknownKeys: string[] | undefined;
	for (const key of Object.keys(raw)) if (!Object.hasOwn(item, key) && !reserved.has(key)) (unknownKeys ??= []).push(key);
	if (unknownKeys === undefined) return meta;
	// Entries, not assignments: a key may be `__proto__`.
	return {...Object.fromEntries(unknownKeys.map(key => [key, raw[key]])), ...meta};
}

// A schema that makes something else of the item, a text or a Date, has known the keys it was made of.
function isPlain(item: unknown): item is Meta {
	if (!isRecord(item)) return false;
	const prototype: unknown = Object.getPrototypeOf(item);
	return prototype === Object.prototype || prototype === null;
}

function refuse(
	value: unknown,
	n: number,
	{
		code = 'ITEM_INVALID',
		message,
		source,
	}: {readonly code?: ItemError['code']; readonly message: string; readonly source?: string | undefined},
): OpenedRow {
	const ownId = readOwnId(value);
	const hasOwnId = ownId !== undefined && findIdProblem(ownId) === undefined;
	const error: ItemError = {code, stage: 'item', retryable: false, message: hideSecrets(message)};
	const entry = {n, id: hasOwnId ? ownId : `item-${n}`, item: value, error, ...(source !== undefined && {source})};
	return {entry, raw: value, hasOwnId};
}
