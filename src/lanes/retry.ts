import {type TwolaneError, describeCode, isThrottle} from './errors.ts';

// Full jitter: a uniform wait below base * 2^k, the spread that keeps clients from coming back together
// (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
const BASE_MS = 200;
const MOST_BACKOFF_MS = 20_000;

/** The wait before try number `attempt + 1`: never shorter than what the server asked for. */
export function backoffMs(
	attempt: number,
	{random, retryAfterMs = 0}: {readonly random: () => number; readonly retryAfterMs?: number | undefined},
): number {
	const ceilingMs = Math.min(MOST_BACKOFF_MS, BASE_MS * 2 ** Math.min(attempt, 16));
	return Math.max(retryAfterMs, random() * ceilingMs);
}

/** Retries that a whole run may spend: a dead origin must not turn a million items into four million requests. */
export interface RetryBudget {
	/** One more item has started. */
	earn(): void;
	/** Takes one retry; `false` when the budget is spent. */
	take(): boolean;
}

const BUDGET_BASE = 50;
const BUDGET_PER_ITEM = 0.2;

export function createRetryBudget(): RetryBudget {
	let started = 0;
	let spent = 0;
	return {
		earn() {
			started++;
		},
		take() {
			if (spent + 1 > BUDGET_BASE + BUDGET_PER_ITEM * started) return false;
			spent++;
			return true;
		},
	};
}

/** Where one stage of one item stands. */
export interface Tries {
	/** Tries that count against `attempts`. */
	charged: number;
	throttles: number;
	throttledMs: number;
}

const MOST_THROTTLES = 10;
const MOST_WAIT_MS = 300_000;

/**
 * Whether to try again after an error, and after which wait; `undefined`: this was the last try.
 * A throttle that the gate could answer by narrowing costs neither an attempt nor budget; it is bounded by 10 and by 5 minutes per item.
 */
export function nextTryMs(
	error: TwolaneError,
	tries: Tries,
	policy: {readonly attempts: number; readonly budget: RetryBudget; readonly random: () => number; readonly isNarrowing: boolean},
): number | undefined {
	if (!error.retryable) return undefined;
	// Who asks for a longer wait than this gets the item back later, from another run.
	if ((error.retryAfterMs ?? 0) > MOST_WAIT_MS) return undefined;
	if (isThrottle(error) && tries.throttles < MOST_THROTTLES) {
		tries.throttles++;
		if (!policy.isNarrowing && ++tries.charged >= policy.attempts) return undefined;
		const waitMs = backoffMs(Math.min(tries.throttles, 4), {random: policy.random, retryAfterMs: error.retryAfterMs});
		tries.throttledMs += waitMs;
		return tries.throttledMs <= MOST_WAIT_MS ? waitMs : undefined;
	}
	if (isThrottle(error)) return undefined;
	tries.charged++;
	const most = describeCode(error.code)?.retry === 'once' ? Math.min(2, policy.attempts) : policy.attempts;
	if (tries.charged >= most || !policy.budget.take()) return undefined;
	return backoffMs(tries.charged, {random: policy.random, retryAfterMs: error.retryAfterMs});
}
