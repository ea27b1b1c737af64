import type {Attempt} from './context.ts';
import {TwolaneError} from './errors.ts';
import type {Clock} from './ports.ts';

/** All stage calls under way: what an abandon ends, and what one timer watches. */
export interface LiveCalls {
	add(call: Attempt): void;
	delete(call: Attempt): void;
	/** Also without any call: the timer would keep the process alive. */
	endAll(reason: unknown): void;
}

/**
 * One timer for all, armed for the oldest call: a timer for each would cost more than a no-op call itself.
 * It stays armed until the run ends, because quick calls come and go one at a time.
 * Calls are kept in the order they started, and all have the same time limit, so the first one is the first to be late.
 */
export function createLiveCalls({clock, limitMs}: {readonly clock: Clock; readonly limitMs: number}): LiveCalls {
	const calls = new Set<Attempt>();
	let cancelTimer: (() => void) | undefined;

	function look(): void {
		cancelTimer = undefined;
		let nextMs = limitMs;
		for (const call of calls) {
			const leftMs = call.startMs + limitMs + graceMs(call) - clock.nowMs();
			if (leftMs > 0) {
				nextMs = Math.min(nextMs, leftMs);
				// A call with grace may be followed by one without.
				if (graceMs(call) === 0) break;
			} else {
				calls.delete(call);
				end(call, outOfTime(call, limitMs));
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
		},
		endAll(reason) {
			for (const call of calls) end(call, reason);
			calls.clear();
			cancelTimer?.();
			cancelTimer = undefined;
		},
	};
}

/** Time in which our own byte gate kept the call waiting is not its own; while it still does, there is no limit. */
const graceMs = ({holders, heldMs}: Attempt): number => (holders > 0 ? Number.POSITIVE_INFINITY : heldMs);

function end(call: Attempt, reason: unknown): void {
	call.controller.abort(reason);
	call.end(reason);
}

function outOfTime({stage, readings}: Attempt, limitMs: number): TwolaneError {
	if (readings > 0) return new TwolaneError('BODY_TIMEOUT', `the source was not read to its end within ${limitMs} ms`, {stage});
	const code = stage === 'fetch' ? 'FETCH_FAILED' : 'STORE_FAILED';
	return new TwolaneError(code, `the ${stage} stage did not end within ${limitMs} ms`, {stage});
}
