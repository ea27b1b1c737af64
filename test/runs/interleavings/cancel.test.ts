import {afterEach, beforeEach, expect, it} from 'vitest';
import {resolveLimits} from '../../../src/lanes/limits.ts';
import {controlRun} from '../../../src/runs/control-run.ts';
import {endCancelled} from '../../../src/runs/end-cancelled.ts';
import {getRun} from '../../../src/runs/get-run.ts';
import {exploreRun, throwFailure} from '../../support/explore-run.ts';
import type {Actor} from '../../support/interleave.ts';
import {type RunWorld, type Worker, actorPorts, failing, finishAtOnce, makeRun, plainPorts, readyAndWork, work, workedRun} from '../../support/run-setup.ts';

const limits = resolveLimits({}, {memoryBytes: 1024 ** 3});
let c0 = process.cpuUsage();
beforeEach(() => { c0 = process.cpuUsage(); });
const log = (e: unknown) => { const c=process.cpuUsage(c0); console.log(e,(c.user+c.system)/1e6); };
const isRefused = (error: unknown) => (error as {code?: string}).code === 'RUN_REFUSED';

const slow = async (world: RunWorld, actor: Actor) => await work(actorPorts(world, actor, finishAtOnce), world.runId, {fetch: async (n: number) => { await actor.clock.sleep(5000); return n; }});
const fast = async (world: RunWorld, actor: Actor) => await work(actorPorts(world, actor, finishAtOnce), world.runId);

const cancelShared = async (world: RunWorld, actor: Actor) => { const ports = actorPorts(world, actor, finishAtOnce); try { await controlRun(ports, world.runId, {action: 'cancel'}); } catch (error) { if (isRefused(error)) return 'refused'; throw error; } await endCancelled(ports, world.runId, {limits}); return 'told'; };
const cancelLocal = async (world: RunWorld, actor: Actor) => { const ports = actorPorts(world, actor, finishAtOnce); try { await controlRun(ports, world.runId, {action: 'cancel'}); } catch (error) { if (isRefused(error)) return 'refused'; throw error; } return 'told'; };
const pause = async (world: RunWorld, actor: Actor) => { const ports = actorPorts(world, actor, finishAtOnce); try { await controlRun(ports, world.runId, {action: 'pause'}); } catch (error) { if (isRefused(error)) return 'refused'; throw error; } return 'told'; };

it('cancel shared fast', async () => {
	const run = await makeRun({shards: [2], isShared: true});
	log(await exploreRun(run, {actors: {worker: fast, cancel: cancelShared}, isFinished: true, check: async (seen, world, ends) => { throwFailure(ends); 
		expect(seen.isSealed).toBe(true);
		const view = await getRun(plainPorts(world.state), world.runId);
		expect(view.completionReason).toBe(seen.report['completionReason']);
		expect(view.itemCounts).toEqual(seen.report['itemCounts']);
		expect(view.status).toBe(seen.report['status']);
	}}));
});
it('cancel shared slow', async () => {
	const run = await makeRun({shards: [2], isShared: true});
	log(await exploreRun(run, {actors: {worker: slow, cancel: cancelShared}, isFinished: true, check: (_, __, ends) => throwFailure(ends) }));
});
it('cancel local slow', async () => {
	const run = await makeRun({shards: [2], isShared: false});
	log(await exploreRun(run, {actors: {worker: slow, cancel: cancelLocal}, killable: ['worker'], check: (seen, _, ends) => { throwFailure(ends); expect(seen.isSealed).toBe(true); } }));
});
it('pause', async () => {
	const run = await makeRun({shards: [2], isShared: false});
	log(await exploreRun(run, {actors: {worker: slow, pause}, isFinished: true, after: async () => {}, check: async (seen, world, ends) => { throwFailure(ends);
		const view = await getRun(plainPorts(world.state), world.runId);
		expect(view.status).toBe(seen.isSealed ? 'SUCCEEDED' : 'PAUSED');
		await readyAndWork(plainPorts(world.state), world.runId); } }));
});
