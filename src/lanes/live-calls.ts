import type {Clock} from './ports.ts';

/** A stage call under way. */
export interface LiveCall {
	readonly startMs: number;
	/** Milliseconds more that it may take, because our own byte gate kept it waiting; `Infinity` while it still does. */
	graceMs(): number;
	end(reason: unknown): void;
	/** What to end it with when its time is over. */
	outOfTime(): unknown;
}

/** All stage calls under way: what an abandon ends, and what one timer watches. */
export interface LiveCalls {
	add(call: LiveCall): void;
	delete(call: LiveCall): void;
	endAll(reason: unknown): void;
}

/**
 * One timer for all, armed for the oldest call: a timer for each would cost more than a no-op call itself.
 * Calls are kept in the order they started, and all have the same time limit, so the first one is the first to be late.
 */
export function createLiveCalls({clock, limitMs}: {readonly clock: Clock; readonly limitMs: number}): LiveCalls {
	const calls = new Set<LiveCall>();
	let cancelTimer: (() => void) | undefined;

	const leftMs = (call: LiveCall): number => call.startMs + limitMs + call.graceMs() - clock.nowMs();

	function look(): void {
		cancelTimer = undefined;
		let nextMs = limitMs;
		for (const call of calls) {
			const left = leftMs(call);
			if (left > 0) {
				nextMs = Math.min(nextMs, left);
				// A call with grace may be followed by one without.
				if (call.graceMs() === 0) break;
			} else {
				calls.delete(call);
				call.end(call.outOfTime());
			}
		}
		if (calls.size > 0) cancelTimer = clock.after(nextMs, look);
	}

	return {
		add(call) {
			calls.add(call);
			cancelTimer ??= clock.after(limitMs, look);
		},
		delete(call) {
			calls.delete(call);
			// With nothing under way, nothing may keep the process alive.
			if (calls.size > 0 || cancelTimer === undefined) return;
			cancelTimer();
			cancelTimer = undefined;
		},
		endAll(reason) {
			for (const call of calls) call.end(reason);
			calls.clear();
			cancelTimer?.();
			cancelTimer = undefined;
		},
	};
}
