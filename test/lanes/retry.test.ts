import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {TwolaneError} from '../../src/lanes/errors.ts';
import {type RetryBudget, type Tries, backoffMs, createRetryBudget, nextTryMs} from '../../src/lanes/retry.ts';

const endless: RetryBudget = {earn() {}, take: () => true};
const fresh = (): Tries => ({charged: 0, throttles: 0, throttledMs: 0});
const policy = {attempts: 4, budget: endless, random: () => 0.5, isNarrowing: false};

/** All waits until the policy gives up, and how many tries that were. */
function waitsOf(error: TwolaneError, given: Partial<typeof policy> = {}): number[] {
	const tries = fresh();
	const waits: number[] = [];
	for (
		let wait = nextTryMs(error, tries, {...policy, ...given});
		wait !== undefined;
		wait = nextTryMs(error, tries, {...policy, ...given})
	) {
		waits.push(wait);
		if (waits.length > 1000) throw new Error('it never gives up');
	}
	return waits;
}

const unit = fc.double({min: 0, max: 1, maxExcluded: true, noNaN: true});

describe('backoffMs', () => {
	it('is uniform below a bound that doubles from 400 ms to 20 s', () => {
		fc.assert(
			fc.property(fc.integer({min: 1, max: 100}), unit, (attempt, drawn) => {
				const bound = Math.min(20_000, 200 * 2 ** attempt);
				expect(backoffMs(attempt, {random: () => drawn})).toBeCloseTo(drawn * bound, 6);
			}),
		);
	});

	it('never undercuts what the server asked for', () => {
		fc.assert(
			fc.property(fc.integer({min: 1, max: 100}), unit, fc.double({min: 0, max: 1e7, noNaN: true}), (attempt, drawn, retryAfterMs) => {
				expect(backoffMs(attempt, {random: () => drawn, retryAfterMs})).toBeGreaterThanOrEqual(retryAfterMs);
			}),
		);
	});
});

describe('createRetryBudget', () => {
	it('gives 50 and a fifth of the items started so far, at any time', () => {
		fc.assert(
			fc.property(fc.array(fc.boolean(), {maxLength: 600}), steps => {
				const budget = createRetryBudget();
				let started = 0;
				let spent = 0;
				for (const isStart of steps) {
					if (isStart) {
						budget.earn();
						started++;
						continue;
					}
					const isGiven = budget.take();
					expect(isGiven).toBe(spent + 1 <= 50 + started / 5);
					if (isGiven) spent++;
				}
			}),
		);
	});

	it('gives exactly 50 before anything has started and 250 to a thousand items', () => {
		const takeAll = (budget: RetryBudget): number => {
			let taken = 0;
			while (budget.take()) taken++;
			return taken;
		};
		const thousand = createRetryBudget();
		for (let n = 0; n < 1000; n++) thousand.earn();
		expect(takeAll(createRetryBudget())).toBe(50);
		expect(takeAll(thousand)).toBe(250);
	});
});

describe('nextTryMs', () => {
	it('never makes more tries than attempts', () => {
		fc.assert(
			fc.property(fc.integer({min: 1, max: 100}), fc.boolean(), (attempts, isThrottled) => {
				const error = new TwolaneError('HTTP_STATUS', 'x', {status: isThrottled ? 429 : 500});
				const most = isThrottled ? Math.min(attempts, 11) : attempts;
				expect(waitsOf(error, {attempts})).toHaveLength(most - 1);
			}),
		);
	});

	it('gives up on a permanent error at once, and takes nothing from the budget for it', () => {
		const budget = {earn() {}, take: () => expect.unreachable()};
		expect(waitsOf(new TwolaneError('EMPTY_BODY', 'x'), {budget})).toEqual([]);
		expect(waitsOf(new TwolaneError('HTTP_STATUS', 'x', {status: 429, retryable: false}), {budget})).toEqual([]);
	});

	it.each([1, 2, 4, 100])('gives a name that does not exist one more try of %i attempts, if there is one', attempts => {
		expect(waitsOf(new TwolaneError('DNS_NOT_FOUND', 'x'), {attempts})).toHaveLength(Math.min(1, attempts - 1));
	});

	it('waits longer from try to try', () => {
		expect(waitsOf(new TwolaneError('CONNECT_FAILED', 'x'))).toEqual([200, 400, 800]);
	});

	it('gives up when the budget is spent', () => {
		const budget = createRetryBudget();
		for (let n = 0; n < 50; n++) budget.take();
		expect(waitsOf(new TwolaneError('CONNECT_FAILED', 'x'), {budget})).toEqual([]);
	});

	it('leaves the budget alone for throttles', () => {
		const budget = {earn() {}, take: () => expect.unreachable()};
		expect(waitsOf(new TwolaneError('S3_THROTTLED', 'x'), {budget})).toHaveLength(3);
	});

	it('does not charge throttles while the gate narrows, but bounds them by ten', () => {
		const error = new TwolaneError('HTTP_STATUS', 'x', {status: 503});
		expect(waitsOf(error, {attempts: 1, isNarrowing: true})).toHaveLength(10);
		expect(waitsOf(error, {attempts: 100, isNarrowing: false})).toHaveLength(10);
	});

	it('does not wait longer than five minutes for throttles in all', () => {
		const after = (seconds: number) => new TwolaneError('HTTP_STATUS', 'x', {status: 429, retryAfterMs: seconds * 1000});
		expect(waitsOf(after(300), {isNarrowing: true})).toEqual([300_000]);
		expect(waitsOf(after(301), {isNarrowing: true})).toEqual([]);
		expect(waitsOf(after(100), {isNarrowing: true})).toEqual([100_000, 100_000, 100_000]);
	});

	it('keeps within all its bounds for any mixture of errors', () => {
		const anyError = fc.constantFrom(
			new TwolaneError('CONNECT_FAILED', 'x'),
			new TwolaneError('DNS_NOT_FOUND', 'x'),
			new TwolaneError('HTTP_STATUS', 'x', {status: 429, retryAfterMs: 20_000}),
			new TwolaneError('STORE_THROTTLED', 'x'),
		);
		fc.assert(
			fc.property(fc.integer({min: 1, max: 10}), fc.array(fc.tuple(anyError, fc.boolean()), {maxLength: 40}), (attempts, errors) => {
				const tries = fresh();
				let charged = 0;
				let throttles = 0;
				for (const [error, isNarrowing] of errors) {
					const wait = nextTryMs(error, tries, {...policy, attempts, isNarrowing});
					if (wait === undefined) return;
					expect(wait).toBeGreaterThanOrEqual(error.retryAfterMs ?? 0);
					const isThrottle = error.status === 429 || error.code === 'STORE_THROTTLED';
					if (isThrottle) throttles++;
					if (!isThrottle || !isNarrowing) charged++;
					expect(charged).toBeLessThan(attempts);
					expect(throttles).toBeLessThanOrEqual(10);
				}
			}),
		);
	});
});

describe('a server that asks for a very long wait', () => {
	it.each([503, 500])('does not hold the run: status %i ends the item, to be run again later', status => {
		const error = new TwolaneError('HTTP_STATUS', 'busy', {status, retryAfterMs: 3_600_000});
		const tries = {charged: 0, throttles: 0, throttledMs: 0};
		const policy = {attempts: 4, budget: createRetryBudget(), random: () => 0.5, isNarrowing: true};
		expect(nextTryMs(error, tries, policy)).toBeUndefined();
		expect(error.retryable).toBe(true);
	});
});
