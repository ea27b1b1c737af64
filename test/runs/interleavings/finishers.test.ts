import {describe, expect, it} from 'vitest';
import {resolveLimits} from '../../../src/lanes/limits.ts';
import {finishRun} from '../../../src/runs/finish.ts';
import {getReport} from '../../../src/runs/get-report.ts';
import {readStanding} from '../../../src/runs/standing.ts';
import {exploreRun, throwFailure} from '../../support/explore-run.ts';
import type {Actor} from '../../support/staged-actor.ts';
import {failing, makeRun, work, workedRun} from '../../support/run-setup.ts';
import {type RunWorld, actorPorts, keepRun, plainPorts} from '../../support/run-world.ts';

const MINUTES = 180_000;
const limits = resolveLimits({}, {memoryBytes: 1024 ** 3});
const failed = failing({1: 'FETCH_FAILED'});

const finisher = (world: RunWorld, actor: Actor): Promise<unknown> => getReport(actorPorts(world, actor), world.runId, {limits});

/** A run whose shards are sealed, and that nobody has finished. */
async function sealedRun() {
	const {open, runId} = await workedRun(await makeRun({shards: [2], isShared: true}), {fetch: failed});
	const {state} = await open();
	for (const key of [`runs/${runId}/results/manifest.json`, `runs/${runId}/report.json`]) await state.remove(key);
	await state.create(`active/${runId}`, '');
	return keepRun(state, runId);
}

/** Somebody who looked at the run when less of it was sealed, and writes what he saw when it is late. */
const lateFinisher = (seen: RunWorld) => async (world: RunWorld, actor: Actor) => {
	const standing = await readStanding(plainPorts(seen.state), world.runId);
	return await finishRun(actorPorts(world, actor), standing, {reason: 'INTERRUPTED', limits});
};

describe('finishers', () => {
	it.each([
		['that nobody has finished', sealedRun],
		['that somebody has finished', async () => await workedRun(await makeRun({shards: [2], isShared: true}), {fetch: failed})],
	])('two of a run %s, one of them is killed: both write the same (all interleavings)', {timeout: MINUTES}, async (_, open) => {
		const texts = new Set<string>();
		const {ends} = await exploreRun(await open(), {
			actors: {one: finisher, other: finisher},
			killable: ['one', 'other'],
			isFinished: true,
			check(seen, {history, runId}, actorEnds) {
				throwFailure(actorEnds);
				expect(seen.report).toMatchObject({completionReason: 'ALL_COMPLETED', status: 'FAILED'});
				for (const text of history.get(`runs/${runId}/results/manifest.json`) ?? []) texts.add(text);
			},
		});
		expect(texts.size).toBe(1);
		expect(ends).toBeGreaterThan(2);
	});

	it('one that saw less writes late: what is newer stays (all interleavings)', {timeout: MINUTES}, async () => {
		const run = await sealedRun();
		const before = await (await makeRun({shards: [2], isShared: true})).open();
		const {outcomes} = await exploreRun(run, {
			actors: {late: lateFinisher(before), finisher},
			killable: ['late', 'finisher'],
			isFinished: true,
			check: (_, __, ends) => throwFailure(ends),
		});
		expect(outcomes).toEqual(['item-0: succeeded, item-1: failed FETCH_FAILED']);
	});

	it('one asks for the report while a worker seals and finishes (all interleavings)', {timeout: MINUTES}, async () => {
		const run = await makeRun({shards: [2], isShared: true});
		const {outcomes} = await exploreRun(run, {
			actors: {worker: (world, actor) => work(actorPorts(world, actor), world.runId, {fetch: failed}), asker: finisher},
			killable: ['worker'],
			isFinished: true,
			check: (_, __, ends) => throwFailure(ends),
		});
		expect(outcomes).toEqual(['item-0: succeeded, item-1: failed FETCH_FAILED', 'item-0: succeeded, item-1: succeeded']);
	});
});
