import type {Worker} from 'node:worker_threads';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {type Width, createWidth} from '../../../src/adapters/pool/width.ts';

beforeEach(() => void vi.useFakeTimers({toFake: ['performance']}));
afterEach(() => void vi.useRealTimers());

const AGAIN_MS = 1000;

/** A thread whose event loop was busy for this share of the time since it was last asked. */
function worker(utilization: () => number): Worker {
	const eventLoopUtilization = () => ({idle: 0, active: 0, utilization: utilization()});
	return {performance: {eventLoopUtilization}} as unknown as Worker;
}

function look(width: Width, shares: readonly number[], isFull = true): number {
	vi.advanceTimersByTime(AGAIN_MS);
	width.watch(
		shares.map(share => worker(() => share)),
		{isFull},
	);
	return width.threads;
}

describe('createWidth', () => {
	it('keeps a number, whatever the threads do', () => {
		const width = createWidth({threads: 3, cores: 8});
		expect(look(width, [0, 0, 0])).toBe(3);
		expect(width).toMatchObject({start: 3, most: 3});
	});

	it('starts with a thread for each core, and may double', () => {
		expect(createWidth({threads: 'auto', cores: 4})).toMatchObject({threads: 4, start: 4, most: 8});
	});

	it('doubles while the threads mostly wait for native work, and goes back when they compute', () => {
		const width = createWidth({threads: 'auto', cores: 4});
		expect(look(width, [0.2, 0.1, 0.3, 0.2])).toBe(8);
		expect(look(width, [0.9, 0.95, 0.9, 0.99])).toBe(4);
	});

	it('does not swing in between', () => {
		const width = createWidth({threads: 'auto', cores: 2});
		expect(look(width, [0.6, 0.6])).toBe(2);
		look(width, [0.1, 0.1]);
		expect(look(width, [0.6, 0.6])).toBe(4);
	});

	it('stays where it is while there is no more work than threads, or no thread', () => {
		const width = createWidth({threads: 'auto', cores: 2});
		expect(look(width, [0.1, 0.1], false)).toBe(2);
		expect(look(width, [])).toBe(2);
	});

	it('looks a few times a second at most: looking costs', () => {
		const width = createWidth({threads: 'auto', cores: 2});
		let looks = 0;
		const counting = worker(() => {
			looks++;
			return 0.6;
		});
		for (let task = 0; task < 1000; task++) {
			vi.advanceTimersByTime(1);
			width.watch([counting], {isFull: true});
		}
		expect(looks).toBeLessThanOrEqual(20);
		expect(looks).toBeGreaterThan(0);
	});
});
