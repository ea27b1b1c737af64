import {z} from 'zod';
import type {PendingRow, Row} from './row.ts';

const countSchema = z.int().nonnegative();

/** Durations by bucket; see `bucketOf`. */
const bucketsSchema = z.record(z.string(), countSchema);
const stageNames = ['fetch', 'queue', 'transform', 'store'] as const;
type StageName = (typeof stageNames)[number];

/** What a set of rows adds up to. Adding two of these up gives that of both sets, whatever the order. */
export const rowStatsSchema = z.object({
	counts: z.object({succeeded: countSchema, failed: countSchema, skipped: countSchema, pending: countSchema}),
	bytesOut: countSchema,
	stages: z.partialRecord(z.enum(stageNames), bucketsSchema),
	errors: z.array(z.object({code: z.string(), count: countSchema, example: z.object({id: z.string(), message: z.string()})})),
});
export type RowStats = z.infer<typeof rowStatsSchema>;
export type RowCounts = RowStats['counts'];

// Each bucket is 4 % wider than the one before, from 10 us on: a percentile is off by 2 % at most.
const SMALLEST_MS = 0.01;
const GROWTH = Math.log(1.04);
const bucketOf = (ms: number): number => (ms <= SMALLEST_MS ? 0 : Math.round(Math.log(ms / SMALLEST_MS) / GROWTH));
const msOf = (bucket: number): number => Math.round(1000 * SMALLEST_MS * Math.exp(bucket * GROWTH)) / 1000;

// A flow's own codes are not bounded by our table.
const MOST_CODES = 100;
const TOP = 10;

export interface RowTally {
	add(row: Row | PendingRow): void;
	stats(): RowStats;
}

export function createRowTally(): RowTally {
	const counts = {succeeded: 0, failed: 0, skipped: 0, pending: 0};
	const stages: Partial<Record<StageName, Record<string, number>>> = {};
	const errors = new Map<string, RowStats['errors'][number]>();
	let bytesOut = 0;

	function addTime(stage: StageName, ms: number | undefined): void {
		if (ms === undefined) return;
		const buckets = (stages[stage] ??= {});
		const bucket = bucketOf(ms);
		buckets[bucket] = (buckets[bucket] ?? 0) + 1;
	}

	return {
		add(row) {
			counts[row.status]++;
			if (row.status === 'pending') return;
			const {fetchMs, queueMs, transformMs, storeMs} = row.timings;
			addTime('fetch', fetchMs);
			addTime('queue', queueMs);
			addTime('transform', transformMs);
			addTime('store', storeMs);
			if (row.status === 'succeeded') for (const {bytes} of row.outputs) bytesOut += bytes;
			if (row.status === 'failed') addError(errors, {code: row.error.code, count: 1, example: {id: row.id, message: row.error.message}});
		},
		stats: () => addStats([{counts, bytesOut, stages, errors: [...errors.values()]}]),
	};
}

function addError(errors: Map<string, RowStats['errors'][number]>, error: RowStats['errors'][number]): void {
	const known = errors.get(error.code);
	if (known) errors.set(error.code, {...known, count: known.count + error.count});
	else if (errors.size < MOST_CODES) errors.set(error.code, error);
}

/** What several sets of rows add up to; the first example of each error stays. */
export function addStats(all: readonly RowStats[]): RowStats {
	const counts = {succeeded: 0, failed: 0, skipped: 0, pending: 0};
	const stages: Partial<Record<StageName, Record<string, number>>> = {};
	const errors = new Map<string, RowStats['errors'][number]>();
	let bytesOut = 0;
	for (const stats of all) {
		for (const status of ['succeeded', 'failed', 'skipped', 'pending'] as const) counts[status] += stats.counts[status];
		bytesOut += stats.bytesOut;
		for (const stage of stageNames) {
			for (const [bucket, count] of Object.entries(stats.stages[stage] ?? {})) {
				const buckets = (stages[stage] ??= {});
				buckets[bucket] = (buckets[bucket] ?? 0) + count;
			}
		}
		for (const error of stats.errors) addError(errors, error);
	}
	return {counts, bytesOut, stages, errors: [...errors.values()]};
}

export const topErrors = ({errors}: RowStats): RowStats['errors'] =>
	errors.toSorted((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1)).slice(0, TOP);

export interface StageSummary {
	readonly count: number;
	readonly p50Ms: number;
	readonly p95Ms: number;
	readonly p99Ms: number;
}

/** Percentiles of each stage that was used, of the tries that ended the items. */
export function summariseStages({stages}: RowStats): Readonly<Record<string, StageSummary>> {
	return Object.fromEntries(
		stageNames.flatMap(stage => {
			const buckets = stages[stage];
			return buckets === undefined ? [] : [[stage, summarise(buckets)]];
		}),
	);
}

function summarise(buckets: Readonly<Record<string, number>>): StageSummary {
	const sorted = Object.entries(buckets)
		.map(([bucket, count]) => [Number(bucket), count] as const)
		.sort(([a], [b]) => a - b);
	const total = sorted.reduce((sum, [, count]) => sum + count, 0);
	const percentile = (share: number): number => {
		let seen = 0;
		for (const [bucket, count] of sorted) {
			seen += count;
			if (seen >= share * total) return msOf(bucket);
		}
		return 0;
	};
	return {count: total, p50Ms: percentile(0.5), p95Ms: percentile(0.95), p99Ms: percentile(0.99)};
}
