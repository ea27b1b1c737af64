import type {Limits} from '../lanes/limits.ts';
import type {RunOptions} from '../library.ts';
import {keepGiven, readLimits} from './limit-flags.ts';

/** The flags that say how to run something; they may differ from one session to the next. */
export interface SessionFlags extends Limits {
	readonly attempts?: number;
	readonly toleratedFailureCount?: number;
	readonly toleratedFailurePercentage?: number;
}

export function readSession(flags: SessionFlags): RunOptions<unknown> {
	const {attempts, toleratedFailureCount, toleratedFailurePercentage} = flags;
	return {limits: readLimits(flags), ...keepGiven({attempts, toleratedFailureCount, toleratedFailurePercentage})};
}
