import {describe, expect, it} from 'vitest';
import {controlRun} from '../../../src/runs/control-run.ts';
import {getRun} from '../../../src/runs/get-run.ts';
import {exploreRun, sampleRun, throwFailure} from '../../support/explore-run.ts';
import type {Actor} from '../../support/staged-actor.ts';
import {type Worker, failing, isRefusal, makeRun, readyAndWork, work, workedRun} from '../../support/run-setup.ts';
import {type RunWorld, ledgerPorts, plainPorts} from '../../support/run-world.ts';

const MINUTES = 180_000;
const fetch = failing({0: 'FETCH_FAILED'});
const strict = {toleratedFailureCount: 0};
const tolerant = {toleratedFailureCount: 5};

const worker = (world: RunWorld, actor: Actor): Promise<unknown> => work(ledgerPorts(world, actor), world.runId, {fetch});
const resumer =
	(options: Worker = {fetch}) =>
	(world: RunWorld, actor: Actor): Promise<unknown> =>
		readyAndWork(ledgerPorts(world, actor), world.runId, {...options, session: tolerant});

/** Tells the run to go on under another tolerance, and leaves the work to others. */
async function teller(world: RunWorld, actor: Actor): Promise<'told' | 'refused'> {
	try {
		await controlRun(ledgerPorts(world, actor), world.runId, {action: 'resume', session: tolerant});
		return 'told';
	} catch (error) {
		if (isRefusal(error)) return 'refused';
		throw error;
	}
}

const workTolerantly = ({state, runId}: RunWorld) => readyAndWork(plainPorts(state), runId, {fetch, session: tolerant});

describe('a tolerance that is exceeded', () => {
	it.each([
		['with items left', [1, 1], 'item-0: failed FETCH_FAILED, item-1: succeeded'],
		['by the last item', [1], 'item-0: failed FETCH_FAILED'],
	])(
		'%s, while somebody resumes with another one: the run ends under that (all interleavings)',
		{timeout: MINUTES},
		async (_, shards, expected) => {
			const run = await makeRun({shards, isShared: true, session: strict});
			const {outcomes} = await exploreRun(run, {
				actors: {worker, teller},
				killable: ['worker'],
				after: workTolerantly,
				async check(seen, {state, runId}, ends) {
					throwFailure(ends);
					expect(seen.report).toMatchObject({completionReason: 'ALL_COMPLETED', status: 'SUCCEEDED'});
					expect(await getRun(plainPorts(state), runId)).toMatchObject({completionReason: 'ALL_COMPLETED', status: 'SUCCEEDED'});
				},
			});
			expect(outcomes).toEqual([expected]);
		},
	);

	it('stopped the run; two resume it at once, with another one (400 interleavings)', {timeout: MINUTES}, async () => {
		const stopped = await workedRun(await makeRun({shards: [1, 2], isShared: true, session: strict}), {fetch});
		expect(await getRun(plainPorts((await stopped.open()).state), stopped.runId)).toMatchObject({
			completionReason: 'FAILURE_TOLERANCE_EXCEEDED',
			status: 'FAILED',
		});
		const outcomes = await sampleRun(
			stopped,
			{
				actors: {one: resumer(), other: resumer({fetch: failing({2: 'HTTP_STATUS'})})},
				isFinished: true,
				after: async () => {},
				check(seen, _, ends) {
					throwFailure(ends);
					expect(seen.report).toMatchObject({completionReason: 'ALL_COMPLETED', status: 'SUCCEEDED'});
				},
			},
			{schedules: 400},
		);
		expect(outcomes).toEqual([
			'item-0: failed FETCH_FAILED, item-1: succeeded, item-2: failed HTTP_STATUS',
			'item-0: failed FETCH_FAILED, item-1: succeeded, item-2: succeeded',
		]);
	});
});
