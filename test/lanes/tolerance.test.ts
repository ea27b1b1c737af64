import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {createTolerance} from '../../src/lanes/tolerance.ts';

const counts = (failed: number, finished: number, isComplete = false) => ({failed, finished, isComplete});

describe('createTolerance', () => {
	it('never stops a run that was given none', () => {
		expect(createTolerance({}).isExceeded(counts(1e6, 1e6, true))).toBe(false);
	});

	it('takes exactly `count` failures, none included', () => {
		const none = createTolerance({count: 0});
		expect(none.isExceeded(counts(0, 5))).toBe(false);
		expect(none.isExceeded(counts(1, 5))).toBe(true);
		const three = createTolerance({count: 3});
		expect(three.isExceeded(counts(3, 3))).toBe(false);
		expect(three.isExceeded(counts(4, 4))).toBe(true);
	});

	it('measures a percentage against the total when somebody knows it', () => {
		const tolerance = createTolerance({percentage: 10, total: 50});
		expect(tolerance.isExceeded(counts(5, 5))).toBe(false);
		expect(tolerance.isExceeded(counts(6, 6))).toBe(true);
	});

	it('judges a percentage of an unknown total from the hundredth outcome on, and at the end', () => {
		const tolerance = createTolerance({percentage: 10});
		expect(tolerance.isExceeded(counts(99, 99))).toBe(false);
		expect(tolerance.isExceeded(counts(11, 100))).toBe(true);
		expect(tolerance.isExceeded(counts(10, 100))).toBe(false);
		expect(tolerance.isExceeded(counts(1, 2, true))).toBe(true);
	});

	it('stops at the first of the two that is exceeded', () => {
		const tolerance = createTolerance({count: 2, percentage: 50, total: 100});
		expect(tolerance.isExceeded(counts(3, 10))).toBe(true);
		expect(createTolerance({count: 90, percentage: 1, total: 100}).isExceeded(counts(2, 10))).toBe(true);
	});

	it('takes no failure at 0 %, and every failure at 100 %', () => {
		fc.assert(
			fc.property(fc.integer({min: 1, max: 1000}), fc.integer({min: 0, max: 1000}), (failed, others) => {
				const finished = failed + others;
				for (const total of [undefined, finished]) {
					expect(createTolerance({percentage: 0, total}).isExceeded(counts(failed, finished, true))).toBe(true);
					expect(createTolerance({percentage: 100, total}).isExceeded(counts(failed, finished, true))).toBe(false);
				}
			}),
		);
	});

	it('has nothing to say of an empty run', () => {
		expect(createTolerance({count: 0, percentage: 0, total: 0}).isExceeded(counts(0, 0, true))).toBe(false);
	});

	it.each([{count: -1}, {count: 1.5}, {count: Number.NaN}, {percentage: -1}, {percentage: 100.1}, {percentage: Number.NaN}])(
		'refuses %j',
		options => {
			expect(() => createTolerance(options)).toThrow(RangeError);
		},
	);
});
