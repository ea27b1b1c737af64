import {afterEach, beforeEach, expect, it} from 'vitest';
import {resolveLimits} from '../../../src/lanes/limits.ts';
import {getReport} from '../../../src/runs/get-report.ts';
import {getRun} from '../../../src/runs/get-run.ts';
import {redriveRun} from '../../../src/runs/redrive-run.ts';
import {tidyRun} from '../../../src/runs/tidy-run.ts';
import {readStanding} from '../../../src/runs/standing.ts';
import {listItems} from '../../../src/runs/list-items.ts';
import {exploreRun, throwFailure} from '../../support/explore-run.ts';
import type {Actor} from '../../support/interleave.ts';
import {type RunWorld, type Worker, actorPorts, failing, finishAtOnce, makeRun, plainPorts, readyAndWork, work, workedRun} from '../../support/run-setup.ts';

const limits = resolveLimits({}, {memoryBytes: 1024 ** 3});
let c0 = process.cpuUsage();
beforeEach(() => { c0 = process.cpuUsage(); });
const log = (e: unknown) => { const c=process.cpuUsage(c0); console.log(e,(c.user+c.system)/1e6); };

const slow = async (world: RunWorld, actor: Actor) => { const ports = actorPorts(world, actor, finishAtOnce); await work(ports, world.runId, {fetch: async (n: number) => { await actor.clock.sleep(1100); return n; }}); await tidyRun(ports, await readStanding(ports, world.runId)); };
const read = async (world: RunWorld, actor: Actor) => { const rows: any[] = []; for await (const batch of listItems(actorPorts(world, actor), world.runId)) rows.push(...batch); return rows; };

it('reader vs owner', async () => {
	const run = await makeRun({shards: [2], isShared: false});
	log(await exploreRun(run, {actors: {owner: slow, read}, check: (seen, world, ends) => { throwFailure(ends); 
		const rows = (ends['read'] as any).value; expect(rows.map((r: any) => r.n)).toEqual([0, 1]); 
	}}));
});
it('reader vs owner, resumed', async () => {
	const run = await workedRun(await makeRun({shards: [2], isShared: false}), {stop: AbortSignal.abort('PAUSED')});
	log(await exploreRun(run, {actors: {owner: slow, read}, check: (seen, world, ends) => { throwFailure(ends); 
		const rows = (ends['read'] as any).value; expect(rows.map((r: any) => r.n)).toEqual([0, 1]); 
	}}));
});
it('status vs owner', async () => {
	const run = await makeRun({shards: [2], isShared: false});
	log(await exploreRun(run, {actors: {owner: slow, read: (world, actor) => getRun(actorPorts(world, actor), world.runId)}, check: (seen, world, ends) => { throwFailure(ends); 
		const view = (ends['read'] as any).value; const {pending, succeeded, failed, skipped, total, running} = view.itemCounts; expect([total, pending + succeeded + failed + skipped + running, pending >= 0]).toEqual([2, 2, true]);
		expect(['RUNNING', 'SUCCEEDED', 'PENDING']).toContain(view.status);
	}}));
});
it('tolerance: sealed', async () => {
	const run = await makeRun({shards: [1], isShared: true, session: {toleratedFailureCount: 0}});
	log(await exploreRun(run, {actors: {a: (world, actor) => work(actorPorts(world, actor, finishAtOnce), world.runId, {fetch: failing({0: 'FETCH_FAILED'})}), resumed: (world, actor) => readyAndWork(actorPorts(world, actor, finishAtOnce), world.runId, {session: {toleratedFailureCount: 5}, fetch: failing({0: 'FETCH_FAILED'})})}, isFinished: true,
	 check: (seen, world, ends) => { throwFailure(ends); expect(seen.report['completionReason']).toBe('ALL_COMPLETED');
	}}));
});
it('finishers', async () => {
	const run = await workedRun(await makeRun({shards: [1], isShared: true}));
	const get = (world: RunWorld, actor: Actor) => getReport(actorPorts(world, actor), world.runId, {limits});
	log(await exploreRun(run, {actors: {a: get, b: get}, killable: ['a', 'b'], isFinished: true,
	 check: (seen, world, ends) => { throwFailure(ends); expect(seen.report['completionReason']).toBe('ALL_COMPLETED');
	}}));
});
