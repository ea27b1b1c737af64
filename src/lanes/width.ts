/** A step that did not pay: wider, but not faster. `gain` 0.02 is 2 % more throughput. */
export interface Plateau {
	readonly from: number;
	readonly to: number;
	readonly gain: number;
}

/** How many calls may be in flight, and what finished calls teach about it. */
export interface Width {
	readonly limit: number;
	readonly plateau?: Plateau | undefined;
	/** A call that succeeded while the gate was full. */
	learn(call: {readonly startMs: number; readonly endMs: number}): void;
}

// A doubling that brings less than this is not worth the sockets and the memory.
const WORTH_RATIO = 1.1;
const FEWEST_SAMPLES = 8;
const MOST_HOLD_STEPS = 64;

export const fixedWidth = (limit: number): Width => ({limit, learn() {}});

/**
 * Looks for the width beyond which calls only wait longer. Throughput of a full gate is width / mean latency (Little's law), so
 * one round of calls started at a width tells it, without waiting for the pipe to settle. Doubles while it pays, else goes back
 * to the best width, stays there for a while that doubles too, and tries again.
 */
export function adaptiveWidth({start, most}: {readonly start: number; readonly most: number}): Width {
	let limit = start;
	let sinceMs = Number.NEGATIVE_INFINITY;
	let samples = 0;
	let toSkip = 0;
	let latencySumMs = 0;
	let best = {limit: 0, rate: 0};
	let holdSteps = 0;
	let holdFor = 2;
	let plateau: Width['plateau'];

	function step(rate: number, nowMs: number): void {
		if (holdSteps > 0) {
			holdSteps--;
			best = {limit, rate};
			if (holdSteps === 0) widen();
		} else if (rate >= best.rate * WORTH_RATIO || best.limit >= limit) {
			best = {limit, rate};
			widen();
		} else {
			plateau = {from: best.limit, to: limit, gain: rate / best.rate - 1};
			limit = best.limit;
			holdSteps = holdFor;
			holdFor = Math.min(holdFor * 2, MOST_HOLD_STEPS);
		}
		samples = 0;
		latencySumMs = 0;
		sinceMs = nowMs;
	}
	const widen = (): void => {
		const from = limit;
		limit = Math.min(most, limit * 2);
		// The calls that fill a wider gate find a shorter queue than those after them. Steps up may all be measured so, which is fast,
		// but next to a width that was measured full they would always look faster.
		toSkip = plateau === undefined ? 0 : limit - from;
	};

	return {
		get limit() {
			return limit;
		},
		get plateau() {
			return plateau;
		},
		learn({startMs, endMs}) {
			if (startMs < sinceMs || toSkip-- > 0) return;
			samples++;
			latencySumMs += endMs - startMs;
			if (samples < Math.max(FEWEST_SAMPLES, limit / 2)) return;
			// A call of no measurable time says that the gate is not what limits.
			if (latencySumMs > 0) step((limit * samples) / latencySumMs, endMs);
			else samples = 0;
		},
	};
}
