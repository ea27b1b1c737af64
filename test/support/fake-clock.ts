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
	// By the moment they are due, each in the order in which they were set: a fleet of a thousand has thousands of them.
	const queues = new Map<number, Set<Timer>>();
	const moments = createHeap();
	let pending = 0;

	const earliest = (): Timer | undefined => {
		for (let atMs = moments.first(); atMs !== undefined; atMs = moments.first()) {
			const [timer] = queues.get(atMs) ?? [];
			if (timer) return timer;
			queues.delete(atMs);
			moments.removeFirst();
		}
		return undefined;
	};
	const drop = (timer: Timer): void => {
		if (queues.get(timer.atMs)?.delete(timer)) pending--;
	};
	const fire = async (timer: Timer): Promise<void> => {
		drop(timer);
		nowMs = Math.max(nowMs, timer.atMs);
		timer.callback();
		await settled();
	};
	const after = (ms: number, callback: () => void): (() => void) => {
		const timer = {atMs: nowMs + ms, callback};
		const queue = queues.get(timer.atMs);
		if (queue) queue.add(timer);
		else {
			queues.set(timer.atMs, new Set([timer]));
			moments.add(timer.atMs);
		}
		pending++;
		return () => drop(timer);
	};

	return {
		nowMs: () => nowMs,
		get pending() {
			return pending;
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

/** Numbers, the lowest first. */
function createHeap() {
	const values: number[] = [];
	const at = (index: number): number => values[index] ?? Infinity;
	function swap(a: number, b: number): void {
		const value = at(a);
		values[a] = at(b);
		values[b] = value;
	}
	return {
		first: (): number | undefined => values[0],
		add(value: number): void {
			values.push(value);
			for (let index = values.length - 1; index > 0;) {
				const parent = (index - 1) >> 1;
				if (at(parent) <= at(index)) return;
				swap(parent, index);
				index = parent;
			}
		},
		removeFirst(): void {
			const last = values.pop();
			if (last === undefined || values.length === 0) return;
			values[0] = last;
			for (let index = 0; ;) {
				const left = 2 * index + 1;
				const child = at(left + 1) < at(left) ? left + 1 : left;
				if (at(index) <= at(child)) return;
				swap(index, child);
				index = child;
			}
		},
	};
}

/** Resolves when every promise that can settle by itself has done so: microtasks come before the next turn of the event loop. */
export const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve));
