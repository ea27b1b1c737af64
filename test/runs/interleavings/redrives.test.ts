import {afterEach, beforeEach, expect, it} from 'vitest';
import {TwolaneError} from '../../../src/lanes/errors.ts';
import {getReport} from '../../../src/runs/get-report.ts';
import {type Redriven, redriveRun} from '../../../src/runs/redrive-run.ts';
import {resolveLimits} from '../../../src/lanes/limits.ts';
import {exploreRun, throwFailure} from '../../support/explore-run.ts';
import type {Actor} from '../../support/interleave.ts';
import {type RunWorld, type Worker, actorPorts, failing, finishAtOnce, makeRun, plainPorts, readyAndWork, work, workedRun} from '../../support/run-setup.ts';

const limits = resolveLimits({}, {memoryBytes: 1024 ** 3});
let c0 = process.cpuUsage();
beforeEach(() => { c0 = process.cpuUsage(); });
const log = (e: unknown) => { const c=process.cpuUsage(c0); console.log(e,(c.user+c.system)/1e6); };

const ended = async () => workedRun(await makeRun({shards: [3], isShared: true}), {fetch: failing({1: 'FETCH_FAILED', 2: 'HTTP_STATUS'})});
const redrive = (only?: readonly string[]) => async (world: RunWorld, actor: Actor) => redriveRun(actorPorts(world, actor), world.runId, {only});
const after = ({state, runId}: RunWorld) => readyAndWork(plainPorts(state), runId);

it('two redrives at once', async () => {
	const run = await ended();
	log(await exploreRun(run, {actors: {a: redrive(['FETCH_FAILED']), b: redrive()}, killable: ['a', 'b'], after, check: (seen, _, ends) => { expect(seen.generation).toBe(1); 
		const done = Object.values(ends).flatMap(end => end.is === 'done' ? [end.value as Redriven] : []);
		expect(done.filter(({isJoined}) => !isJoined).length).toBeLessThanOrEqual(1);
		expect(new Set(done.map(({items}) => items)).size).toBeLessThanOrEqual(1);
	}}));
});
it('redrive vs late finisher', async () => {
	const run = await ended();
	log(await exploreRun(run, {actors: {asker: (world, actor) => getReport(actorPorts(world, actor), world.runId, {limits}), b: redrive()}, check: (_, __, ends) => throwFailure(ends), 
		after: async world => { expect([...world.state.objects.keys()].filter(k => k.startsWith('active/')).length).toBe(1); return after(world); } }));
});
it('redrive vs worker', async () => {
	const run = await makeRun({shards: [2], isShared: true});
	log(await exploreRun(run, {actors: {worker: (world, actor) => work(actorPorts(world, actor, finishAtOnce), world.runId, {fetch: failing({1: 'FETCH_FAILED'})}), b: redrive()}, check: (_, __, ends) => { if (ends['worker']?.is === 'failed') throw ends['worker'].error; },
		after }));
});
it('redrive of redrive', async () => {
	const run = await workedRun(await makeRun({shards: [1], isShared: true}), {fetch: failing({0: 'FETCH_FAILED'})});
	const both = (fails: boolean) => async (world: RunWorld, actor: Actor) => { await redriveRun(actorPorts(world, actor), world.runId).catch(() => {}); await readyAndWork(actorPorts(world, actor, finishAtOnce), world.runId, fails ? {fetch: failing({0: 'HTTP_STATUS'})}: {}); };
	log(await exploreRun(run, {actors: {a: both(true), b: both(true)}, check: (_, __, ends) => throwFailure(ends), after }));
});
