import type {Clock} from '../lanes/ports.ts';

/** Before its time limit a process answers: what comes later is not told to anybody. */
const ANSWER_MS = 500;
/** What the last checkpoints, row files and seals take. */
const SAVE_MS = 2000;
const SHORTEST_DRAIN_MS = 1000;
const LONGEST_RESERVE_MS = 30_000;
const RESERVE_RATIO = 0.1;

/** How a process with a time limit ends in time. */
export interface Deadline {
	/** Take no new item; its reason is `DEADLINE_REACHED`. */
	readonly stop: AbortSignal;
	/** How long what is in flight may take from then on. */
	readonly drainMs: number;
	readonly close: () => void;
}

/** A tenth of the time, 3.5 to 30 s, is kept back for what is in flight and for its records. */
export function openDeadline(clock: Clock, remainingMs: number): Deadline {
	const reserveMs = Math.min(LONGEST_RESERVE_MS, Math.max(ANSWER_MS + SAVE_MS + SHORTEST_DRAIN_MS, remainingMs * RESERVE_RATIO));
	const stopping = new AbortController();
	const stop = (): void => stopping.abort('DEADLINE_REACHED');
	const workMs = remainingMs - reserveMs;
	// Somebody with all the time has no timer.
	const cancel = workMs > 0 && workMs !== Infinity ? clock.after(workMs, stop) : undefined;
	if (workMs <= 0) stop();
	return {stop: stopping.signal, drainMs: reserveMs - ANSWER_MS - SAVE_MS, close: () => cancel?.()};
}
