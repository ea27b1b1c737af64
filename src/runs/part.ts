import {z} from 'zod';
import {type GenerationPlace, type ShardPlace, layout, nameOf} from './layout.ts';
import type {ObjectStore} from './object-store.ts';
import {type KeptRow, type PendingRow, type Row, keepRow, parseRow} from './row.ts';
import type {RowCounts} from './row-stats.ts';
import {invalidState} from './stored-json.ts';
import {workSchema} from './work-record.ts';

/** What the name of a part says: whose it is, and how many items its claim has ended so far. */
export interface PartName {
	readonly key: string;
	readonly claim: number;
	readonly seq: number;
	readonly counts: Omit<RowCounts, 'pending'>;
}

/** The first line of a part. */
const headerSchema = z.strictObject({
	rows: z.int().nonnegative(),
	/** Items of the shard, from its beginning, that may have been started when the part was written. */
	started: z.int().nonnegative(),
	/** The claim ended in order: nothing was in flight. */
	isEnd: z.boolean().optional(),
	work: workSchema.optional(),
});
export type PartHeader = z.infer<typeof headerSchema>;

export const partName = ({claim, seq, counts: {succeeded, failed, skipped}}: Omit<PartName, 'key'>): string =>
	`part-${claim}-${seq}-${succeeded}-${failed}-${skipped}.jsonl`;

function parsePartName(key: string): PartName | undefined {
	const [, ...numbers] = /^part-(\d+)-(\d+)-(\d+)-(\d+)-(\d+)\.jsonl$/u.exec(nameOf(key)) ?? [];
	const [claim, seq, succeeded, failed, skipped] = numbers.map(Number);
	if (claim === undefined || seq === undefined || succeeded === undefined || failed === undefined || skipped === undefined)
		return undefined;
	return {key, claim, seq, counts: {succeeded, failed, skipped}};
}

/** Claims and parts of a shard, as a listing shows them; parts in the order in which they were written. */
export interface ShardWork {
	/** 0: nobody has claimed it yet. */
	readonly highestClaim: number;
	readonly parts: readonly PartName[];
}

export async function listWork(state: ObjectStore, place: ShardPlace): Promise<ShardWork> {
	const keys: string[] = [];
	for await (const {key} of state.list(layout.work(place))) keys.push(key);
	return readNames(keys);
}

/** The same for every shard of a generation that somebody has claimed. */
export async function listAllWork(state: ObjectStore, place: GenerationPlace): Promise<ReadonlyMap<number, ShardWork>> {
	const prefix = layout.workOfGeneration(place);
	const keys = new Map<number, string[]>();
	for await (const {key} of state.list(prefix)) {
		const shard = Number.parseInt(key.slice(prefix.length), 10);
		const known = keys.get(shard);
		if (known) known.push(key);
		else keys.set(shard, [key]);
	}
	return new Map([...keys].map(([shard, names]) => [shard, readNames(names)]));
}

function readNames(keys: readonly string[]): ShardWork {
	const parts = keys.flatMap(key => parsePartName(key) ?? []).sort((a, b) => a.claim - b.claim || a.seq - b.seq);
	const claims = keys.map(key => Number(/^claim-(\d+)$/u.exec(nameOf(key))?.[1] ?? 0));
	return {highestClaim: Math.max(0, ...claims), parts};
}

/** What the names of the parts say has ended: the last part of each claim counts for all of them. */
export function countEnded(work: ShardWork | undefined): PartName['counts'] {
	const last = new Map(work?.parts.map(({claim, counts}) => [claim, counts]));
	const sum = {succeeded: 0, failed: 0, skipped: 0};
	for (const counts of last.values()) for (const status of ['succeeded', 'failed', 'skipped'] as const) sum[status] += counts[status];
	return sum;
}

export const writePart = (header: Omit<PartHeader, 'rows'>, rows: readonly KeptRow[]): string =>
	[JSON.stringify({...header, rows: rows.length} satisfies PartHeader), ...rows.map(({text}) => text), ''].join('\n');

export interface Part {
	readonly header: PartHeader;
	readonly rows: readonly (readonly [KeptRow, Row | PendingRow])[];
}

const decoder = new TextDecoder();

/** @throws TwolaneError `STATE_INVALID` for a part that is not whole. */
export async function readPart(state: ObjectStore, {key, claim}: PartName): Promise<Part> {
	const stored = await state.get(key);
	const refuse = (problem: string) =>
		invalidState(state, key, `${problem}. Remove the file: the items it recorded are then run again when the run goes on.`);
	if (stored === undefined) throw refuse('disappeared while it was read');
	const lines = decoder.decode(stored.body).split('\n');
	const header = headerSchema.safeParse(parseLine(lines[0] ?? ''));
	if (!header.success || lines.length !== header.data.rows + 2 || lines.at(-1) !== '') {
		throw refuse(header.success ? `was cut off: it has ${lines.length - 2} of ${header.data.rows} rows` : 'is not a part of a run');
	}
	const rows = lines.slice(1, -1).map((line, index) => {
		const row = parseRow(line);
		if (row === undefined) throw refuse(`is damaged in line ${index + 2}`);
		return [keepRow(row, {claim, text: line}), row] as const;
	});
	return {header: header.data, rows};
}

function parseLine(line: string): unknown {
	try {
		return JSON.parse(line);
	} catch {
		return undefined;
	}
}
