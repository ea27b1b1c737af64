import type {FileStatus} from './row.ts';

/** Where the files of a run lie, relative to its folder. Generation 0: a redrive would be the next one. */
export const layout = {
	spec: 'run.json',
	items: '0/items-1.jsonl',
	rows: ({shard, status}: {readonly shard: number; readonly status: FileStatus}): string => `0/rows/${shard}-1-${status}.jsonl`,
	results: 'results/manifest.json',
	report: 'report.json',
} as const;

/** Items of one shard: what is sorted and written at once. */
export const SHARD_ITEMS = 10_000;
