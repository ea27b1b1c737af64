/** What one host lets us do: everything, until it says 429 or 503. */
export interface Host {
	readonly ceiling: number;
	readonly inFlight: number;
	/** It never complained, or has long been forgiven: nothing is lost when it is forgotten. */
	readonly isUntouched: boolean;
	/** Nothing new is sent before this time. */
	readonly pausedUntilMs: number;
	enter(): void;
	leave(): void;
	succeeded(): void;
	/** Lowers the ceiling once per round of calls. Returns false when there is nothing left to lower. */
	throttled(call: {readonly startMs: number; readonly nowMs: number; readonly retryAfterMs: number}): boolean;
}

const NARROW_RATIO = 0.75;
// Next to a width that was refused before, many calls must go well until it is tried again.
const ROUNDS_BEFORE_REFUSED_WIDTH = 20;
const MOST_PAUSE_MS = 300_000;

/**
 * One host's ceiling: additive increase, multiplicative decrease, as TCP does it, but it remembers the width that was refused, so
 * that it does not run into it every few calls.
 */
export function createHost(limit: number | 'auto'): Host {
	const isFixed = limit !== 'auto';
	let ceiling = isFixed ? limit : Number.POSITIVE_INFINITY;
	let refusedAt = Number.POSITIVE_INFINITY;
	let inFlight = 0;
	let pausedUntilMs = 0;
	let narrowedMs = Number.NEGATIVE_INFINITY;
	let successes = 0;
	let throttles = 0;

	function narrow(): void {
		const wasProbe = ceiling === refusedAt && ceiling !== Number.POSITIVE_INFINITY;
		refusedAt = Math.min(ceiling, inFlight + 1);
		ceiling = Math.max(1, wasProbe ? ceiling - 1 : Math.floor(refusedAt * NARROW_RATIO));
		successes = 0;
	}

	return {
		get ceiling() {
			return ceiling;
		},
		get inFlight() {
			return inFlight;
		},
		get isUntouched() {
			return throttles === 0;
		},
		get pausedUntilMs() {
			return pausedUntilMs;
		},
		enter() {
			inFlight++;
		},
		leave() {
			inFlight--;
		},
		succeeded() {
			if (isFixed || ceiling === Number.POSITIVE_INFINITY) return;
			successes++;
			const rounds = ceiling + 1 >= refusedAt ? ROUNDS_BEFORE_REFUSED_WIDTH : 1;
			if (successes < ceiling * rounds) return;
			ceiling++;
			successes = 0;
		},
		throttled({startMs, nowMs, retryAfterMs}) {
			throttles++;
			if (retryAfterMs > 0) pausedUntilMs = Math.max(pausedUntilMs, nowMs + Math.min(retryAfterMs, MOST_PAUSE_MS));
			if (isFixed) return false;
			// Calls that were under way when the ceiling fell say nothing about the new one.
			if (startMs < narrowedMs) return true;
			if (ceiling === 1) return false;
			narrow();
			narrowedMs = nowMs;
			return true;
		},
	};
}
