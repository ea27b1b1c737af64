import type {Clock} from '../../src/lanes/ports.ts';

/** Time that moves only when a test says so. */
export interface FakeClock extends Clock {
	/** Timers that wait: a run that has ended must leave none. */
	readonly pending: number;
	/** Moves the time, calling what comes due on the way, and lets every promise settle between two timers. */
	advance(ms: number): Promise<void>;
	/** Jumps from timer to timer until the promise settles. Fails when nothing is left that could settle it: a deadlock. */
	finish<T>(promise: Promise<T>): Promise<T>;
	/** Resolves after `ms` of this clock's time, or rejects with the signal's reason. */
	sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

// What happens without the clock, such as a barrier that the test opens, comes within a few turns of the event loop.
const MOST_IDLE_TURNS = 2000;

interface Timer {
	readonly atMs: number;
	readonly callback: () => void;
}

export function createFakeClock(): FakeClock {
	let nowMs = 0;
	const timers = new Set<Timer>();

	// Sets keep the order of insertion, so of two timers due at once the older one is first.
	const earliest = (): Timer | undefined => {
		let found: Timer | undefined;
		for (const timer of timers) if (found === undefined || timer.atMs < found.atMs) found = timer;
		return found;
	};
	const fire = async (timer: Timer): Promise<void> => {
		timers.delete(timer);
		nowMs = Math.max(nowMs, timer.atMs);
		timer.callback();
		await settled();
	};
	const after = (ms: number, callback: () => void): (() => void) => {
		const timer = {atMs: nowMs + ms, callback};
		timers.add(timer);
		return () => timers.delete(timer);
	};

	return {
		nowMs: () => nowMs,
		get pending() {
			return timers.size;
		},
		after,
		async advance(ms) {
			const untilMs = nowMs + ms;
			await settled();
			for (let next = earliest(); next !== undefined && next.atMs <= untilMs; next = earliest()) await fire(next);
			nowMs = untilMs;
		},
		async finish(promise) {
			const state = {isSettled: false};
			const note = (): void => {
				state.isSettled = true;
			};
			promise.then(note, note);
			await settled();
			for (let idleTurns = 0; !state.isSettled;) {
				const next = earliest();
				if (next === undefined) await settled();
				else await fire(next);
				idleTurns = next === undefined ? idleTurns + 1 : 0;
				if (idleTurns > MOST_IDLE_TURNS) throw new Error(`deadlock at ${nowMs} ms: no timer is left that could settle the promise`);
			}
			return promise;
		},
		sleep: (ms, signal) =>
			new Promise((resolve, reject) => {
				const cancel = after(ms, resolve);
				signal?.addEventListener('abort', () => {
					cancel();
					reject(signal.reason);
				});
			}),
	};
}

/** Resolves when every promise that can settle by itself has done so: microtasks come before the next turn of the event loop. */
export const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve));
