/** The least that Piscina takes for a signal: an AbortController with its listener costs 0.6 us a task, this one nothing. */
export interface TimeLimit {
	aborted: boolean;
	readonly deadlineMs: number;
	readonly reason?: unknown;
	onAbort?: (() => void) | undefined;
	addEventListener(type: 'abort', listener: () => void): void;
	removeEventListener(type: 'abort', listener: () => void): void;
}

// Shared by all limits: a closure for each would be garbage for each task.
function listen(this: TimeLimit, _type: 'abort', listener: () => void): void {
	this.onAbort = listener;
}
function unlisten(this: TimeLimit): void {
	this.onAbort = undefined;
}

/** Time limits of running tasks behind one timer, armed for the earliest of them: most tasks end long before, and cost no timer. */
export function createTimeLimits(): {start(ms: number): TimeLimit; clear(limit: TimeLimit): void} {
	const running = new Set<TimeLimit>();
	let timer: NodeJS.Timeout | undefined;
	let armedMs = Number.POSITIVE_INFINITY;

	function arm(deadlineMs: number): void {
		clearTimeout(timer);
		armedMs = deadlineMs;
		// Unref: a task in flight keeps the process alive by itself.
		timer = setTimeout(look, Math.max(1, deadlineMs - performance.now())).unref();
	}
	function look(): void {
		armedMs = Number.POSITIVE_INFINITY;
		const nowMs = performance.now();
		for (const limit of running) {
			if (limit.deadlineMs > nowMs) continue;
			limit.aborted = true;
			limit.onAbort?.();
			running.delete(limit);
		}
		if (running.size > 0) arm(Math.min(...[...running].map(limit => limit.deadlineMs)));
	}

	return {
		start(ms) {
			const deadlineMs = performance.now() + ms;
			const limit: TimeLimit = {aborted: false, deadlineMs, onAbort: undefined, addEventListener: listen, removeEventListener: unlisten};
			running.add(limit);
			if (limit.deadlineMs < armedMs) arm(limit.deadlineMs);
			return limit;
		},
		clear(limit) {
			running.delete(limit);
		},
	};
}
