import {describe, expect, it} from 'vitest';
import {type Work, chooseWorkers, lookAtStack, thisMachinesFleet} from '../../../src/cli/plan/choose-workers.ts';

const MB = 1024 * 1024;
const work: Work = {flow: 'thumbnail', items: 1000, shards: 100, threads: 'auto', engine: 'auto', maxWorkers: 50};
const stack = (memoryMB: number) =>
	lookAtStack({
		look: async () => ({orchestrator: {memoryMB: 1769, timeLimitMs: 900_000}, worker: {memoryMB, timeLimitMs: 900_000}}),
	});

describe('a fleet', () => {
	it.each([
		[128, 1],
		[1769, 1],
		[3008, 2],
		[3538, 2],
		[10_240, 6],
	])('of workers with %i MB has %i cores each', async (memoryMB, cores) => {
		expect(await stack(memoryMB)).toMatchObject({cores, memoryBytes: memoryMB * MB, remainingMs: 900_000});
	});

	it('is this machine, without a stack, whatever is asked for', () => {
		const {engine, estimate} = chooseWorkers(thisMachinesFleet(), {...work, engine: 'in-process', threads: 4});
		expect(engine).toMatchObject({name: 'in-process', reason: expect.stringContaining('--on STACK')});
		expect(estimate).toEqual({seconds: 15, items: 1000, itemMs: 60, threads: 4, workers: 1});
	});
});

describe('the engine of a stack', () => {
	// 60 ms each: 9,000 items are 60 % of 15 min; 400,000 are 8 min for 50 workers.
	it.each([
		['auto', 9000, 'in-process', 540, 1],
		['auto', 9001, 'lambda', 10.8012, 50],
		['auto', 399_999, 'lambda', 479.9988, 50],
		['auto', 400_000, 'distributed-map', 480, 50],
		['in-process', 400_000, 'in-process', 24_000, 1],
		['distributed-map', 10, 'distributed-map', 0.012, 50],
	] as const)('%s of %i items is %s, and takes %d s', async (engine, items, name, seconds, workers) => {
		const chosen = chooseWorkers(await stack(1769), {...work, engine, items});
		expect(chosen.engine.name).toBe(name);
		expect(chosen.engine.reason).not.toBe('');
		expect(chosen.estimate).toMatchObject({workers, threads: 1});
		expect(chosen.estimate.seconds).toBeCloseTo(seconds, 6);
	});

	it('has no more workers than there are shards', async () => {
		const {estimate} = chooseWorkers(await stack(3538), {...work, engine: 'lambda', items: 1000, shards: 4});
		expect(estimate).toMatchObject({workers: 4, threads: 2, seconds: 7.5});
	});
});
