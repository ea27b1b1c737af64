import {describe, expect, it} from 'vitest';
import {resolveLimits} from '../../../src/lanes/limits.ts';
import {getReport} from '../../../src/runs/get-report.ts';
import {getRun} from '../../../src/runs/get-run.ts';
import {layout} from '../../../src/runs/layout.ts';
import {type Redriven, redriveRun} from '../../../src/runs/redrive-run.ts';
import {type RunExploration, exploreRun, sampleRun, throwFailure} from '../../support/explore-run.ts';
import type {Actor, ActorEnd} from '../../support/staged-actor.ts';
import {type Worker, failing, isRefusal, makeRun, readyAndWork, work, workedRun} from '../../support/run-setup.ts';
import {type RunWorld, actorPorts, keepRun, ledgerPorts, plainPorts} from '../../support/run-world.ts';

const MINUTES = 180_000;
const limits = resolveLimits({}, {memoryBytes: 1024 ** 3});
const failed = failing({1: 'FETCH_FAILED', 2: 'HTTP_STATUS'});

const endedRun = async () => await workedRun(await makeRun({shards: [3], isShared: true}), {fetch: failed});

/** Asks for a redrive; a refusal is an answer, too. */
const redriver =
	(only?: readonly string[]) =>
	async (world: RunWorld, actor: Actor): Promise<Redriven | 'refused'> => {
		try {
			return await redriveRun(actorPorts(world, actor), world.runId, {only});
		} catch (error) {
			if (isRefusal(error)) return 'refused';
			throw error;
		}
	};

const worker =
	(options: Worker) =>
	(world: RunWorld, actor: Actor): Promise<unknown> =>
		work(ledgerPorts(world, actor), world.runId, options);

const workAfterwards: RunExploration['after'] = ({state, runId}) => readyAndWork(plainPorts(state), runId);

/** A run that is to go on must be found by the sweep and by whoever asks. */
async function goOn({state, runId}: RunWorld): Promise<void> {
	const {status, generation} = await getRun(plainPorts(state), runId);
	expect([status, generation], 'what the status says of a run that was redriven').toEqual(['RUNNING', 1]);
	expect(state.objects.has(layout.active(runId)), 'the sweep looks at it').toBe(true);
	await readyAndWork(plainPorts(state), runId);
}

const answersOf = (ends: Readonly<Record<string, ActorEnd>>): readonly Redriven[] => {
	throwFailure(ends);
	return Object.values(ends).flatMap(end => (end.is === 'done' && end.value !== 'refused' ? [end.value as Redriven] : []));
};

describe('redrives', () => {
	it(
		'two at once, of other codes, one of them is killed: there is one, and both are told of it (all interleavings)',
		{timeout: MINUTES},
		async () => {
			const {outcomes} = await exploreRun(await endedRun(), {
				actors: {some: redriver(['FETCH_FAILED']), all: redriver()},
				killable: ['some', 'all'],
				after: workAfterwards,
				check(seen, _, ends) {
					const answers = answersOf(ends);
					expect(seen.generation).toBe(1);
					expect(answers.filter(({isJoined}) => !isJoined).length).toBeLessThanOrEqual(1);
					expect(new Set(answers.map(({items, generation}) => `${items} ${generation}`)).size).toBeLessThanOrEqual(1);
				},
			});
			expect(outcomes).toEqual([
				'item-0: succeeded, item-1: succeeded, item-2: failed HTTP_STATUS',
				'item-0: succeeded, item-1: succeeded, item-2: succeeded',
			]);
		},
	);

	it(
		'one, while somebody asks for the report of the generation before: the run goes on (all interleavings)',
		{timeout: MINUTES},
		async () => {
			await exploreRun(await endedRun(), {
				actors: {redriver: redriver(), asker: (world, actor) => getReport(actorPorts(world, actor), world.runId, {limits})},
				after: goOn,
				check: (seen, _, ends) => {
					throwFailure(ends);
					expect(seen.outcomes).toEqual(['item-0: succeeded', 'item-1: succeeded', 'item-2: succeeded']);
				},
			});
		},
	);

	it(
		'one, while the worker seals and finishes: it is refused, or its generation is worked on (all interleavings)',
		{timeout: MINUTES},
		async () => {
			const run = await makeRun({shards: [3], isShared: true});
			const {outcomes} = await exploreRun(run, {
				actors: {worker: worker({fetch: failed}), redriver: redriver()},
				killable: ['worker'],
				async after(world) {
					if (world.state.objects.has(layout.plan({runId: world.runId, generation: 1}))) await goOn(world);
					else await readyAndWork(plainPorts(world.state), world.runId, {fetch: failed});
				},
				check: (_, __, ends) => throwFailure(ends),
			});
			expect(outcomes).toEqual([
				'item-0: succeeded, item-1: failed FETCH_FAILED, item-2: failed HTTP_STATUS',
				'item-0: succeeded, item-1: succeeded, item-2: succeeded',
			]);
		},
	);

	it('one of a redrive, while a worker seals and finishes that (all interleavings)', {timeout: MINUTES}, async () => {
		const {open, runId} = await endedRun();
		const {state} = await open();
		await redriveRun(plainPorts(state), runId, {only: ['FETCH_FAILED']});
		const {outcomes} = await exploreRun(keepRun(state, runId), {
			actors: {worker: worker({fetch: failing({1: 'FETCH_FAILED'})}), redriver: redriver()},
			killable: ['redriver'],
			after: workAfterwards,
			check: (seen, _, ends) => {
				throwFailure(ends);
				expect(seen.generation).toBe(ends['redriver']?.is === 'done' && ends['redriver'].value !== 'refused' ? 2 : seen.generation);
			},
		});
		expect(outcomes).toEqual([
			'item-0: succeeded, item-1: failed FETCH_FAILED, item-2: failed HTTP_STATUS',
			'item-0: succeeded, item-1: succeeded, item-2: succeeded',
		]);
	});

	it('of redrives, two at once with their workers: each item ends once (300 interleavings)', {timeout: MINUTES}, async () => {
		const both = (fetch: NonNullable<Worker['fetch']>) => async (world: RunWorld, actor: Actor) => {
			const ports = actorPorts(world, actor);
			for (let turn = 0; turn < 2; turn++) {
				await redriver()(world, actor);
				await readyAndWork(ports, world.runId, {fetch});
			}
		};
		const outcomes = await sampleRun(
			await endedRun(),
			{
				actors: {one: both(failing({1: 'FETCH_FAILED'})), other: both(failing({2: 'HTTP_STATUS'}))},
				after: workAfterwards,
				check: (_, __, ends) => throwFailure(ends),
			},
			{schedules: 300},
		);
		expect(outcomes).toContain('item-0: succeeded, item-1: succeeded, item-2: succeeded');
	});
});
