import type {EventLoopUtilization} from 'node:perf_hooks';
import type {Worker} from 'node:worker_threads';

// Native work (sharp) runs on libuv's pool while its thread waits: 4 threads on 2 cores do 1.08x of sharp without threads, 2 only
// 0.83-0.93x; JavaScript wants one thread per core. A thread's event-loop utilisation tells the two apart.
const WAITING_BELOW = 0.5;
const COMPUTING_ABOVE = 0.75;
const LOOK_EVERY_MS = 100;

export interface Width {
	/** Tasks that may run at once now. */
	readonly threads: number;
	readonly start: number;
	readonly most: number;
	/** Called after each task; looks at the threads a few times a second, and only while there is more work than threads. */
	watch(workers: readonly Worker[], state: {readonly isFull: boolean}): void;
}

/** How many threads the pool uses: a number stays, `'auto'` is one per core, and two while the threads themselves mostly wait. */
export function createWidth({threads, cores}: {readonly threads: number | 'auto'; readonly cores: number}): Width {
	if (threads !== 'auto') return {threads, start: threads, most: threads, watch() {}};
	let width = cores;
	let lookedMs = performance.now();
	const before = new WeakMap<Worker, EventLoopUtilization>();
	return {
		get threads() {
			return width;
		},
		start: cores,
		most: 2 * cores,
		watch(workers, {isFull}) {
			const nowMs = performance.now();
			if (!isFull || nowMs - lookedMs < LOOK_EVERY_MS) return;
			lookedMs = nowMs;
			const utilization = meanUtilization(workers, {before, busy: width});
			if (utilization < WAITING_BELOW) width = 2 * cores;
			else if (utilization > COMPUTING_ABOVE) width = cores;
		},
	};
}

/** Of the `busy` threads that wait most: one without a task sleeps inside Atomics.wait, which counts as fully used. */
function meanUtilization(
	workers: readonly Worker[],
	{before, busy}: {readonly before: WeakMap<Worker, EventLoopUtilization>; readonly busy: number},
): number {
	const utilizations = workers.map(worker => {
		const now = worker.performance.eventLoopUtilization();
		const last = before.get(worker);
		before.set(worker, now);
		return last === undefined ? now.utilization : worker.performance.eventLoopUtilization(now, last).utilization;
	});
	const lowest = utilizations.sort((a, b) => a - b).slice(0, busy);
	return lowest.length === 0 ? 1 : lowest.reduce((sum, value) => sum + value, 0) / lowest.length;
}
