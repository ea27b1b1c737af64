import type {Code} from '../../lanes/errors.ts';

/**
 * What goes to a thread: file, id, input, item, options. A tuple, because structured clone writes the keys of an object each
 * time (5 us of CPU on a no-op task); without an id the module is only loaded.
 */
export type ThreadCall = readonly [file: string, id?: string, input?: unknown, item?: unknown, options?: unknown];

/** A value and the milliseconds it took, or a failure as data: an Error loses its class, name and code on the way. */
export type ThreadEnding = readonly [value: unknown, runMs: number] | ThreadFailure;

export interface ThreadFailure {
	readonly code: Code;
	readonly message: string;
	readonly retryable: boolean;
	readonly runMs: number;
}
