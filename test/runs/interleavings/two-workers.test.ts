import {expect, it} from 'vitest';
import {TwolaneError} from '../../../src/lanes/errors.ts';
import {exploreRun, throwFailure} from '../../support/explore-run.ts';
import type {Actor} from '../../support/interleave.ts';
import {type RunWorld, type Worker, actorPorts, finishAtOnce, makeRun, work} from '../../support/run-setup.ts';

const worker =
	(options: Worker = {}) =>
	(world: RunWorld, actor: Actor) =>
		work(actorPorts(world, actor, finishAtOnce), world.runId, options);

const slow = (ms: number, isRefused=false) => (world: RunWorld, actor: Actor) => work(actorPorts(world, actor, finishAtOnce), world.runId, {fetch: async (n: number) => { await actor.clock.sleep(ms); if (isRefused) throw new TwolaneError('FETCH_FAILED', 'x'); return n; }});
it('stopped early', async () => {
	const run = await makeRun({shards: [2], isShared: true});
	const c0=process.cpuUsage();
	const stopped = (world: RunWorld, actor: Actor) => {
		const controller = new AbortController();
		return work(actorPorts(world, actor, finishAtOnce), world.runId, {stop: controller.signal, fetch: async (n: number) => { controller.abort('INTERRUPTED'); return n; }});
	};
	const e = await exploreRun(run, {actors: {stopped, served: worker()}, check: (_, __, ends) => throwFailure(ends)});
	const c=process.cpuUsage(c0); console.log(e,(c.user+c.system)/1e6);
});
it('stopped before', async () => {
	const run = await makeRun({shards: [2], isShared: true});
	const c0=process.cpuUsage();
	const stopped = (world: RunWorld, actor: Actor) => {
		return work(actorPorts(world, actor, finishAtOnce), world.runId, {stop: AbortSignal.abort('INTERRUPTED')});
	};
	const e = await exploreRun(run, {actors: {served: slow(1100), stopped}, check: (_, __, ends) => throwFailure(ends)});
	const c=process.cpuUsage(c0); console.log(e,(c.user+c.system)/1e6);
});
