import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {createTimeLimits} from '../../../src/adapters/pool/time-limit.ts';

beforeEach(() => void vi.useFakeTimers({toFake: ['performance', 'setTimeout', 'clearTimeout']}));
afterEach(() => void vi.useRealTimers());

/** Starts a limit and notes when it ends. */
function watch(limits: ReturnType<typeof createTimeLimits>, ms: number) {
	const limit = limits.start(ms);
	const seen: number[] = [];
	limit.addEventListener('abort', () => seen.push(performance.now()));
	return {limit, seen};
}

describe('createTimeLimits', () => {
	it('ends each task at its own limit, in whatever order they start', () => {
		const limits = createTimeLimits();
		const began = performance.now();
		const tasks = [500, 100, 300, 100].map(ms => watch(limits, ms));
		vi.advanceTimersByTime(1000);
		expect(tasks.map(({seen}) => seen.map(at => Math.round(at - began)))).toEqual([[500], [100], [300], [100]]);
		expect(tasks.every(({limit}) => limit.aborted)).toBe(true);
	});

	it('leaves a task alone that has ended before', () => {
		const limits = createTimeLimits();
		const [early, late] = [watch(limits, 100), watch(limits, 200)];
		limits.clear(early.limit);
		vi.advanceTimersByTime(1000);
		expect(early).toMatchObject({seen: [], limit: {aborted: false}});
		expect(late.limit.aborted).toBe(true);
	});

	it('does not call back who has stopped listening', () => {
		const limits = createTimeLimits();
		const {limit, seen} = watch(limits, 100);
		const nothing = (): void => {};
		limit.removeEventListener('abort', nothing);
		vi.advanceTimersByTime(1000);
		expect([limit.aborted, seen]).toEqual([true, []]);
	});

	it('has one timer for all, and none when nothing runs any more', () => {
		const limits = createTimeLimits();
		for (let n = 0; n < 100; n++) limits.start(1000 + n);
		expect(vi.getTimerCount()).toBe(1);
		vi.advanceTimersByTime(5000);
		expect(vi.getTimerCount()).toBe(0);
	});

	it('works again after it was idle', () => {
		const limits = createTimeLimits();
		limits.clear(limits.start(100));
		vi.advanceTimersByTime(1000);
		const {limit} = watch(limits, 50);
		vi.advanceTimersByTime(51);
		expect(limit.aborted).toBe(true);
	});
});
