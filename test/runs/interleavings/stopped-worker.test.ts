import {describe, expect, it} from 'vitest';
import {exploreRun, sampleRun, throwFailure} from '../../support/explore-run.ts';
import type {Actor} from '../../support/staged-actor.ts';
import {makeRun, work} from '../../support/run-setup.ts';
import {type RunWorld, ledgerPorts} from '../../support/run-world.ts';

const MINUTES = 180_000;

/** Stops when it has ended so many items, and shows the others as they are. */
const stoppingAfter =
	(items: number) =>
	(world: RunWorld, actor: Actor): Promise<unknown> => {
		const controller = new AbortController();
		let left = items;
		if (left === 0) controller.abort('INTERRUPTED');
		const fetch = async (n: number): Promise<number> => {
			if (--left === 0) controller.abort('INTERRUPTED');
			return n;
		};
		return work(ledgerPorts(world, actor), world.runId, {stop: controller.signal, fetch});
	};

const slow = (world: RunWorld, actor: Actor): Promise<unknown> => {
	const fetch = async (n: number): Promise<number> => {
		await actor.clock.sleep(15_100);
		return n;
	};
	return work(ledgerPorts(world, actor), world.runId, {fetch});
};
const fast = (world: RunWorld, actor: Actor): Promise<unknown> => work(ledgerPorts(world, actor), world.runId);

describe('a worker that stops while another one works on the same shard', () => {
	it('has begun nothing: it replaces nothing of the other one (all interleavings)', {timeout: MINUTES}, async () => {
		const run = await makeRun({shards: [2], isShared: true});
		const {outcomes, ends} = await exploreRun(run, {
			actors: {stopped: stoppingAfter(0), slow},
			isFinished: true,
			check: (_, __, ends) => throwFailure(ends),
		});
		expect(outcomes).toEqual(['item-0: succeeded, item-1: succeeded']);
		expect(ends).toBeGreaterThan(40);
	});

	it('has ended an item: nothing is counted twice (all interleavings)', {timeout: MINUTES}, async () => {
		const run = await makeRun({shards: [2], isShared: true});
		const {outcomes, ends} = await exploreRun(run, {
			actors: {stopped: stoppingAfter(1), fast},
			isFinished: true,
			check: (_, __, ends) => throwFailure(ends),
		});
		expect(outcomes).toEqual(['item-0: succeeded, item-1: succeeded']);
		expect(ends).toBeGreaterThan(100);
	});
});

describe('two workers that both stop', () => {
	it('leave a run whose every item has ended or is pending, on several shards (500 interleavings)', {timeout: MINUTES}, async () => {
		const run = await makeRun({shards: [1, 2, 1], isShared: true});
		const actors = {one: stoppingAfter(2), other: stoppingAfter(1)};
		const outcomes = await sampleRun(
			run,
			{actors, isFinished: true, after: async () => {}, check: (_, __, ends) => throwFailure(ends)},
			{schedules: 500},
		);
		expect(outcomes.length).toBeGreaterThan(1);
	});
});
