import type {Outcome} from '../lanes/outcome.ts';

/** An outcome as it is kept: everything but the item, which stays in the run's items file. */
export type Row = Outcome extends infer Each ? (Each extends unknown ? Omit<Each, 'item'> : never) : never;

/** An item without an outcome. */
export interface PendingRow {
	readonly n: number;
	readonly id: string;
	readonly status: 'pending';
}

export function toRow({item: _, ...row}: Outcome): Row {
	return row;
}

/** The outcome, or its failure when the flow made something that no row can hold: a BigInt, a circle. */
export function keepable(outcome: Outcome): Outcome {
	if (outcome.status !== 'succeeded' || isJson(outcome.result)) return outcome;
	const {result: _, outputs: __, ...known} = outcome;
	const message = 'the result is not JSON, and a durable run keeps its results: return plain data';
	return {...known, status: 'failed', error: {code: 'NOT_CLONEABLE', stage: 'run', retryable: false, message}};
}

function isJson(value: unknown): boolean {
	if (typeof value !== 'object') return typeof value !== 'bigint';
	try {
		JSON.stringify(value);
		return true;
	} catch {
		return false;
	}
}

/** The word of a row's status in file names and in `resultFiles`. */
export const fileStatuses = ['SUCCEEDED', 'SKIPPED', 'FAILED', 'PENDING'] as const;
export type FileStatus = (typeof fileStatuses)[number];

const fileStatusOf: Readonly<Record<string, FileStatus | undefined>> = {
	succeeded: 'SUCCEEDED',
	skipped: 'SKIPPED',
	failed: 'FAILED',
	pending: 'PENDING',
};

/** One row and the claim it comes from, as text: what is sorted, merged and written. */
export interface KeptRow {
	readonly n: number;
	readonly status: FileStatus;
	readonly claim: number;
	readonly text: string;
}

export const keepRow = (
	row: Row | PendingRow,
	{claim, text = JSON.stringify(row)}: {readonly claim: number; readonly text?: string},
): KeptRow => ({
	n: row.n,
	status: fileStatusOf[row.status] ?? 'PENDING',
	claim,
	text,
});

/** Reads a kept row back; `undefined` when the line is none. */
export function parseRow(line: string): Row | PendingRow | undefined {
	try {
		const row = JSON.parse(line) as Row | PendingRow;
		return Number.isSafeInteger(row?.n) && typeof row.id === 'string' && fileStatusOf[row.status] !== undefined ? row : undefined;
	} catch {
		return undefined;
	}
}

/** Which of two rows of one item counts: `succeeded` beats `skipped` beats `failed` beats `pending`; ties go to the higher claim. */
export function isBetter(row: KeptRow, than: KeptRow): boolean {
	const [rank, otherRank] = [fileStatuses.indexOf(row.status), fileStatuses.indexOf(than.status)];
	return rank === otherRank ? row.claim >= than.claim : rank < otherRank;
}
