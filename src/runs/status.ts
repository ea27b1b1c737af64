import type {CompletionReason} from '../lanes/snapshot.ts';

export type RunStatus = 'SUCCEEDED' | 'FAILED' | 'PAUSED' | 'CANCELLED';

/** What the end of a run means, to people and to the shell. */
export interface Ending {
	readonly status: RunStatus;
	readonly exitCode: 0 | 1 | 4 | 130;
}

/** @param state `isTolerant`: a tolerance was given, so failures within it are no failure of the run. */
export function endingOf(reason: CompletionReason, {failed, isTolerant}: {readonly failed: number; readonly isTolerant: boolean}): Ending {
	switch (reason) {
		case 'ALL_COMPLETED':
			return failed === 0 || isTolerant ? {status: 'SUCCEEDED', exitCode: 0} : {status: 'FAILED', exitCode: 1};
		case 'FAILURE_TOLERANCE_EXCEEDED':
			return {status: 'FAILED', exitCode: 4};
		case 'DEADLINE_REACHED':
		case 'PAUSED':
			return {status: 'PAUSED', exitCode: 4};
		case 'CANCELLED':
			return {status: 'CANCELLED', exitCode: 4};
		case 'INTERRUPTED':
			return {status: 'PAUSED', exitCode: 130};
		default:
			return reason satisfies never;
	}
}
