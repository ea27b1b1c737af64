import {z} from 'zod';
import type {ItemsIndex} from '../manifest/items-writer.ts';
import {type GenerationPlace, layout} from './layout.ts';
import type {RunPorts} from './ports.ts';
import {readRecord} from './stored-json.ts';

const count = z.int().nonnegative();

/** One line of `plan.json`: a slice of the items file that one worker takes. */
export const shardSchema = z.object({
	shard: count,
	/** The items file, relative to the run's folder, and the bytes of it from `start` to before `end`. */
	items: z.string(),
	start: count,
	end: count,
	count: z.int().positive(),
	/** Repeats that were left out since the shard before. */
	repeats: count,
});
export type Shard = z.infer<typeof shardSchema>;
export type Plan = readonly Shard[];

const planSchema = z.array(shardSchema);

/** Items of one shard: what is sorted and sealed at once. */
export const MOST_SHARD_ITEMS = 10_000;
const FEWEST_SHARD_ITEMS = 10;
/** Shards for each worker, so that the slow ones do not end last alone. */
const SHARDS_PER_WORKER = 4;

/** A multiple of ten, because offsets are known of every tenth line. */
export function shardItems(total: number, maxWorkers: number): number {
	const wanted = Math.ceil(total / (SHARDS_PER_WORKER * maxWorkers));
	return Math.ceil(Math.min(MOST_SHARD_ITEMS, Math.max(FEWEST_SHARD_ITEMS, wanted)) / INDEX_STEP) * INDEX_STEP;
}

/** The index knows the byte offset of every tenth line, and the repeats left out before it. */
export const INDEX_STEP = 10;

/** The items file of a generation, as it was written. */
export interface PlannedFile extends Pick<ItemsIndex, 'total' | 'offsets' | 'repeatsBefore'> {
	/** Relative to the run's folder. */
	readonly items: string;
}

export function cutShards({items, total, offsets, repeatsBefore}: PlannedFile, maxWorkers: number): Plan {
	const size = shardItems(total, maxWorkers);
	const lastIndex = offsets.length - 1;
	return Array.from({length: Math.ceil(total / size)}, (_, shard) => {
		const first = (shard * size) / INDEX_STEP;
		const last = Math.min(((shard + 1) * size) / INDEX_STEP, lastIndex);
		const at = (values: readonly number[], index: number): number => values[index] ?? 0;
		return {
			shard,
			items,
			start: at(offsets, first),
			end: at(offsets, last),
			count: Math.min(size, total - shard * size),
			repeats: at(repeatsBefore, last) - (shard === 0 ? 0 : at(repeatsBefore, first)),
		};
	});
}

/** A JSON array, one shard a line: the form that Step Functions reads item by item. */
export const writePlan = (plan: Plan): string => `[\n${plan.map(shard => JSON.stringify(shard)).join(',\n')}\n]\n`;

/** The plan of one generation; `undefined` before there is one. */
export async function readPlan({state}: Pick<RunPorts, 'state'>, place: GenerationPlace): Promise<Plan | undefined> {
	return (await readRecord(state, layout.plan(place), planSchema))?.value;
}

export const countItems = (plan: Plan): number => plan.reduce((sum, shard) => sum + shard.count, 0);
export const countRepeats = (plan: Plan): number => plan.reduce((sum, {repeats}) => sum + repeats, 0);
