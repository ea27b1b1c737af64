import type {Outcome} from '../lanes/outcome.ts';

/** An outcome as it is kept: everything but the item, which stays in the run's items file. */
export type Row = Omit<Outcome, 'item'>;

export function toRow({item: _, ...row}: Outcome): Row {
	return row;
}

/** The word of a row's status in file names and in `resultFiles`. */
export const fileStatuses = ['SUCCEEDED', 'SKIPPED', 'FAILED', 'PENDING'] as const;
export type FileStatus = (typeof fileStatuses)[number];
