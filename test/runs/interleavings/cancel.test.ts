import {describe, expect, it} from 'vitest';
import {resolveLimits} from '../../../src/lanes/limits.ts';
import {type ControlAction, controlRun} from '../../../src/runs/control-run.ts';
import {endCancelled} from '../../../src/runs/end-cancelled.ts';
import {getRun} from '../../../src/runs/get-run.ts';
import {redriveRun} from '../../../src/runs/redrive-run.ts';
import type {RunSeen} from '../../support/check-run.ts';
import {type RunExploration, exploreRun, sampleRun, throwFailure} from '../../support/explore-run.ts';
import type {Actor} from '../../support/staged-actor.ts';
import {isRefusal, makeRun, readyAndWork, work} from '../../support/run-setup.ts';
import {type RunWorld, ledgerPorts, plainPorts} from '../../support/run-world.ts';

const MINUTES = 180_000;
const limits = resolveLimits({}, {memoryBytes: 1024 ** 3});

const NONE = 'item-0: pending, item-1: pending';
const ONE = 'item-0: succeeded, item-1: pending';
const BOTH = 'item-0: succeeded, item-1: succeeded';

const worker = (world: RunWorld, actor: Actor): Promise<unknown> => work(ledgerPorts(world, actor), world.runId);

/** Looks at what the run is told at least once for each item. */
const slowWorker = (world: RunWorld, actor: Actor): Promise<unknown> => {
	const fetch = async (n: number): Promise<number> => {
		await actor.clock.sleep(5000);
		return n;
	};
	return work(ledgerPorts(world, actor), world.runId, {fetch});
};

/** Tells the run, and where it says so also ends it, as the command does when nobody works there. */
const teller =
	(action: ControlAction, {isEnding}: {readonly isEnding: boolean}) =>
	async (world: RunWorld, actor: Actor): Promise<'told' | 'refused'> => {
		const ports = ledgerPorts(world, actor);
		try {
			await controlRun(ports, world.runId, {action});
		} catch (error) {
			if (isRefusal(error)) return 'refused';
			throw error;
		}
		if (isEnding) await endCancelled(ports, world.runId, {limits});
		return 'told';
	};

/** The status says what the report says, and a cancelled run can be redriven. */
async function checkEnded(seen: RunSeen, {state, runId}: RunWorld): Promise<void> {
	const ports = plainPorts(state);
	const {status, completionReason, itemCounts} = await getRun(ports, runId);
	expect({status, completionReason, itemCounts}).toEqual({
		status: seen.report['status'],
		completionReason: seen.report['completionReason'],
		itemCounts: seen.report['itemCounts'],
	});
	expect(completionReason).toBe(itemCounts.pending > 0 ? 'CANCELLED' : 'ALL_COMPLETED');
	if (itemCounts.pending === 0) return;
	expect(await redriveRun(ports, runId)).toMatchObject({items: itemCounts.pending, isJoined: false});
	expect(await readyAndWork(ports, runId)).toMatchObject({status: 'SUCCEEDED', itemCounts: {succeeded: 2, pending: 0}});
}

const checkCancelled: RunExploration['check'] = async (seen, world, ends) => {
	throwFailure(ends);
	expect(seen.isSealed).toBe(true);
	await checkEnded(seen, world);
};

describe('a cancel', () => {
	it('by whoever ends the run himself, while a worker seals and finishes (all interleavings)', {timeout: MINUTES}, async () => {
		const run = await makeRun({shards: [2], isShared: true});
		const {outcomes} = await exploreRun(run, {
			actors: {worker, canceller: teller('cancel', {isEnding: true})},
			isFinished: true,
			check: checkCancelled,
		});
		expect(outcomes).toEqual([NONE, BOTH]);
	});

	it(
		'that the worker is to hear, who may be killed: it ends the run, or whoever comes next does (all interleavings)',
		{timeout: MINUTES},
		async () => {
			const run = await makeRun({shards: [2], isShared: false});
			const {outcomes} = await exploreRun(run, {
				actors: {worker: slowWorker, canceller: teller('cancel', {isEnding: false})},
				killable: ['worker'],
				check: checkCancelled,
			});
			expect(outcomes).toEqual([NONE, ONE, BOTH]);
		},
	);

	it('by whoever ends the run himself, while a worker is on several shards (400 interleavings)', {timeout: MINUTES}, async () => {
		const run = await makeRun({shards: [1, 1, 1], isShared: true});
		const outcomes = await sampleRun(
			run,
			{
				actors: {worker: slowWorker, canceller: teller('cancel', {isEnding: true})},
				isFinished: true,
				check(seen, _, ends) {
					throwFailure(ends);
					expect(seen.isSealed).toBe(true);
				},
			},
			{schedules: 400},
		);
		expect(outcomes.length).toBeGreaterThan(3);
	});

	it('and a pause at once: the run is cancelled (all interleavings)', {timeout: MINUTES}, async () => {
		const run = await makeRun({shards: [2], isShared: true});
		const {outcomes} = await exploreRun(run, {
			actors: {canceller: teller('cancel', {isEnding: true}), pauser: teller('pause', {isEnding: false})},
			async after({state, runId}) {
				await readyAndWork(plainPorts(state), runId);
			},
			check: checkCancelled,
		});
		expect(outcomes).toEqual([NONE]);
	});
});

describe('a pause', () => {
	it('is heard by a worker whenever it was told, and the run goes on afterwards (all interleavings)', {timeout: MINUTES}, async () => {
		const run = await makeRun({shards: [2], isShared: false});
		const {outcomes} = await exploreRun(run, {
			actors: {worker: slowWorker, pauser: teller('pause', {isEnding: false})},
			isFinished: true,
			after: async () => {},
			async check(seen, {state, runId}, ends) {
				throwFailure(ends);
				const ports = plainPorts(state);
				expect((await getRun(ports, runId)).status).toBe(seen.isSealed ? 'SUCCEEDED' : 'PAUSED');
				expect(await readyAndWork(ports, runId)).toMatchObject({status: 'SUCCEEDED', itemCounts: {succeeded: 2, pending: 0}});
			},
		});
		expect(outcomes).toEqual([NONE, ONE, BOTH]);
	});
});
