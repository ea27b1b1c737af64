import {describe, expect, it} from 'vitest';
import {TwolaneError} from '../../src/lanes/errors.ts';
import type {ManifestRow} from '../../src/manifest/manifest-row.ts';
import {controlRun} from '../../src/runs/control-run.ts';
import {getRun} from '../../src/runs/get-run.ts';
import {isLeased, takeLease} from '../../src/runs/lease.ts';
import type {ObjectStore} from '../../src/runs/object-store.ts';
import {redriveRun} from '../../src/runs/redrive-run.ts';
import {type Fleet, countRequests, openFleet, openStateMachine} from './fleet.ts';
import {itemsOf, openLedger} from './ledger.ts';

const lambda = {engine: 'lambda', maxWorkers: 4} as const;
const failItem =
	(...bad: readonly number[]) =>
	async (item: {readonly id: string}) => {
		const n = Number(item.id.slice('item-'.length));
		if (bad.includes(n)) throw new TwolaneError('FORMAT_UNSUPPORTED', `item ${n} is to fail`);
		return n;
	};

describe('an orchestrator', () => {
	it('sends a worker for each shard, and finishes when all are sealed', async () => {
		const ledger = openLedger({isShared: true});
		const fleet = openFleet(ledger, {stages: {fetch: failItem(7)}});
		const {runId} = await ledger.plan(itemsOf(100), lambda);
		const {state} = await fleet.orchestrate(runId);
		expect(state).toBe('ended');
		expect(fleet.calls.map(({shard}) => shard.shard).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
		expect(fleet.most).toBe(4);
		const {SUCCEEDED, FAILED} = ledger.results(runId);
		expect(SUCCEEDED.map(({n}) => n)).toEqual(itemsOf(100).flatMap((_, n) => (n === 7 ? [] : [n])));
		expect(FAILED.map(({n}) => n)).toEqual([7]);
		expect(await getRun(ledger.ports, runId)).toMatchObject({status: 'FAILED', itemCounts: {succeeded: 99, failed: 1, total: 100}});
		expect(ledger.keys('active/')).toEqual([]);
		expect(ledger.keys(`runs/${runId}/lease.json`)).toEqual([]);
		expect(ledger.clock.pending).toBe(0);
	});

	it('works on a small run itself', async () => {
		const ledger = openLedger({isShared: true});
		const fleet = openFleet(ledger);
		const {runId} = await ledger.plan(itemsOf(20));
		expect(await fleet.orchestrate(runId, {remainingMs: 60_000})).toMatchObject({state: 'ended', report: {status: 'SUCCEEDED'}});
		expect(fleet.calls).toEqual([]);
		expect(ledger.json(`runs/${runId}/0/engine.json`)).toMatchObject({engine: 'in-process'});
	});

	it('keeps the engine that was chosen first', async () => {
		const ledger = openLedger({isShared: true});
		const fleet = openFleet(ledger);
		const {runId} = await ledger.plan(itemsOf(20));
		await ledger.state.create(`runs/${runId}/0/engine.json`, JSON.stringify({engine: 'lambda', reason: 'It was asked for.'}));
		await fleet.orchestrate(runId, {remainingMs: 60_000});
		expect(fleet.calls).toHaveLength(2);
	});

	it('of a run without items finishes it at once', async () => {
		const ledger = openLedger({isShared: true});
		const {runId} = await ledger.plan([], lambda);
		expect(await openFleet(ledger).orchestrate(runId)).toMatchObject({state: 'ended', report: {itemCounts: {total: 0}}});
	});

	it('rides out a platform that has room for two', async () => {
		const ledger = openLedger({isShared: true});
		const fleet = openFleet(ledger, {concurrency: 2, stages: {fetch: async () => await ledger.clock.sleep(500)}});
		const {runId} = await ledger.plan(itemsOf(160), {engine: 'lambda', maxWorkers: 16});
		expect(await fleet.orchestrate(runId)).toMatchObject({state: 'ended', report: {status: 'SUCCEEDED', itemCounts: {succeeded: 160}}});
		expect(fleet.most).toBe(2);
		expect(fleet.throttled).toBeGreaterThan(0);
		// Each refusal narrows, so that they stay few beside the dispatches.
		expect(fleet.throttled).toBeLessThan(fleet.calls.length * 4);
		expect(ledger.clock.pending).toBe(0);
	});

	it('sends another worker when one was killed in the middle of its shard', async () => {
		const ledger = openLedger({isShared: true});
		const started: string[] = [];
		const fetch = async (item: {readonly id: string}) => {
			started.push(item.id);
			return await ledger.clock.sleep(4000);
		};
		const fleet = openFleet(ledger, {stages: {fetch}, kill: (shard, dispatch) => (shard === 1 && dispatch === 1 ? 22_000 : undefined)});
		const {runId} = await ledger.plan(itemsOf(40), lambda);
		expect(await fleet.orchestrate(runId)).toMatchObject({state: 'ended', report: {status: 'SUCCEEDED', itemCounts: {succeeded: 40}}});
		expect(ledger.results(runId).SUCCEEDED.map(({n}) => n)).toEqual(itemsOf(40).map((_, n) => n));
		// What was saved before the kill is not done again: three items by the checkpoint at 15 s.
		expect(started).toHaveLength(40 + 3);
	});

	it('sends another worker when the time of one is up, and nothing is done twice', async () => {
		const ledger = openLedger({isShared: true});
		const started: string[] = [];
		const fetch = async (item: {readonly id: string}) => {
			started.push(item.id);
			return await ledger.clock.sleep(500);
		};
		const fleet = openFleet(ledger, {stages: {fetch}, limitMs: 10_000});
		const {runId} = await ledger.plan(itemsOf(120), {engine: 'lambda', maxWorkers: 1});
		expect(await fleet.orchestrate(runId)).toMatchObject({state: 'ended', report: {itemCounts: {succeeded: 120}}});
		expect(started.toSorted()).toEqual(
			itemsOf(120)
				.map((_, n) => `item-${n}`)
				.toSorted(),
		);
		expect(fleet.calls.length).toBeGreaterThanOrEqual(9);
	});

	it('gives a shard up that killed three workers in a row, and only that one', async () => {
		const ledger = openLedger({isShared: true});
		const fleet = openFleet(ledger, {
			stages: {fetch: async () => await ledger.clock.sleep(500)},
			kill: (shard, dispatch) => (shard === 2 && dispatch <= 3 ? 100 : undefined),
		});
		const {runId} = await ledger.plan(itemsOf(50), lambda);
		expect(await fleet.orchestrate(runId)).toMatchObject({state: 'ended', report: {itemCounts: {succeeded: 40, failed: 10}}});
		const {FAILED} = ledger.results(runId);
		expect(FAILED.map(({n}) => n)).toEqual([20, 21, 22, 23, 24, 25, 26, 27, 28, 29]);
		expect(FAILED[0]).toMatchObject({id: 'item-20', error: {code: 'WORKER_LOST', stage: 'run', retryable: true}});
	});

	it('does not hold deaths against a shard whose workers get on', async () => {
		const ledger = openLedger({isShared: true});
		const fleet = openFleet(ledger, {
			stages: {fetch: async () => await ledger.clock.sleep(4000)},
			kill: (shard, dispatch) => (shard === 0 && dispatch <= 4 ? 16_000 : undefined),
		});
		const {runId} = await ledger.plan(itemsOf(30), {engine: 'lambda', maxWorkers: 1});
		expect(await fleet.orchestrate(runId)).toMatchObject({state: 'ended', report: {itemCounts: {succeeded: 30}}});
	});

	it('does not hold deaths against a shard that belong to another orchestrator’s life', async () => {
		const ledger = openLedger({isShared: true});
		const {runId} = await ledger.plan(itemsOf(10), {engine: 'lambda', maxWorkers: 1});
		const work = {shard: 0, runId, generation: 0};
		for (const claim of [1, 2, 3]) {
			const record = {started: 10, life: claim === 1 ? 'one' : 'other', ended: 0, createdAt: new Date(0).toISOString()};
			await ledger.state.create(`work/${runId}/${work.generation}/${work.shard}/claim-${claim}`, JSON.stringify(record));
		}
		expect(await openFleet(ledger).orchestrate(runId)).toMatchObject({state: 'ended', report: {itemCounts: {succeeded: 10}}});
	});

	it('is paused, with the reason, when workers die before they claim anything', async () => {
		const ledger = openLedger({isShared: true});
		const fleet = openFleet(ledger, {kill: () => 0});
		const {runId} = await ledger.plan(itemsOf(10), lambda);
		const problem = expect.stringContaining('in a row were lost on shard 0 without an answer') as string;
		expect(await fleet.orchestrate(runId)).toMatchObject({state: 'stopped', reason: problem});
		expect(await getRun(ledger.ports, runId)).toMatchObject({status: 'PAUSED', problem});
		expect(ledger.keys(`runs/${runId}/lease.json`)).toEqual([]);
		expect(ledger.keys('active/')).toEqual([`active/${runId}`]);
		// When that is cured, somebody says so.
		expect(await openFleet(ledger).orchestrate(runId)).toEqual({state: 'stopped', reason: 'PAUSED'});
		await controlRun(ledger.ports, runId, {action: 'resume'});
		expect(await getRun(ledger.ports, runId)).not.toHaveProperty('problem');
		expect(await openFleet(ledger).orchestrate(runId)).toMatchObject({state: 'ended', report: {itemCounts: {succeeded: 10}}});
	});

	it('returns in time with nothing left running, and the next one goes on', async () => {
		const ledger = openLedger({isShared: true});
		const fleet = openFleet(ledger, {stages: {fetch: async () => await ledger.clock.sleep(1000)}});
		const {runId} = await ledger.plan(itemsOf(400), lambda);
		expect(await fleet.orchestrate(runId, {remainingMs: 40_000})).toEqual({state: 'open'});
		expect(ledger.clock.nowMs()).toBeLessThanOrEqual(39_500);
		expect(ledger.clock.pending).toBe(0);
		expect(await getRun(ledger.ports, runId)).toMatchObject({status: 'RUNNING'});
		expect(await fleet.orchestrate(runId)).toMatchObject({state: 'ended', report: {itemCounts: {succeeded: 400}}});
	});

	it('leaves alone what another one works on', async () => {
		const ledger = openLedger({isShared: true});
		const fleet = openFleet(ledger);
		const {runId} = await ledger.plan(itemsOf(40), lambda);
		const lease = await takeLease(ledger.ports, runId, {life: 'other'});
		expect(await fleet.orchestrate(runId)).toEqual({state: 'busy'});
		expect(fleet.calls).toEqual([]);
		await lease?.release();
		expect(await fleet.orchestrate(runId)).toMatchObject({state: 'ended'});
	});

	it('takes over from one that is dead after 30 s of its own clock', async () => {
		const ledger = openLedger({isShared: true});
		const fleet = openFleet(ledger);
		const {runId} = await ledger.plan(itemsOf(40), lambda);
		await ledger.state.create(`runs/${runId}/lease.json`, JSON.stringify({life: 'dead', beat: 3, at: new Date(0).toISOString()}));
		expect(await fleet.orchestrate(runId)).toMatchObject({state: 'ended'});
		expect(ledger.clock.nowMs()).toBeGreaterThanOrEqual(30_000);
		expect(ledger.clock.nowMs()).toBeLessThan(40_000);
	});

	it('of twenty at once, one works', async () => {
		const ledger = openLedger({isShared: true});
		const {runId} = await ledger.plan(itemsOf(40), lambda);
		const fleet = openFleet(ledger, {stages: {fetch: async () => await ledger.clock.sleep(2000)}});
		const all = await ledger.clock.finish(Promise.all(Array.from({length: 20}, () => fleet.orchestrate(runId))));
		expect(all.map(({state}) => state).toSorted()).toEqual([...Array.from({length: 19}, () => 'busy'), 'ended']);
		expect(fleet.calls).toHaveLength(4);
	});

	it('ends a run whose list cannot be used, and says why to whoever asks', async () => {
		const ledger = openLedger({isShared: true});
		const {runId} = await ledger.create(lambda);
		const problem = 'list.jsonl is not what it was when the run was created';
		const openSource = () => () => {
			throw new TwolaneError('MANIFEST_CHANGED', problem);
		};
		const ended = await openFleet(ledger).orchestrate(runId, {openSource});
		expect(ended).toMatchObject({state: 'stopped', reason: expect.stringContaining(problem) as string});
		expect(await getRun(ledger.ports, runId)).toMatchObject({status: 'CANCELLED', problem: expect.stringContaining(problem) as string});
		expect(ledger.keys('active/')).toEqual([]);
	});

	it('does not hold it against a shard that the store refuses its workers', async () => {
		const ledger = openLedger({isShared: true});
		const throttling = (state: ObjectStore, shard: number, dispatch: number): ObjectStore => ({
			...state,
			async *read(key, range) {
				if (shard === 1 && dispatch <= 4) throw new TwolaneError('STORE_THROTTLED', 'slow down');
				yield* state.read(key, range);
			},
		});
		const fleet = openFleet(ledger, {storeOf: throttling});
		const {runId} = await ledger.plan(itemsOf(40), lambda);
		expect(await fleet.orchestrate(runId)).toMatchObject({state: 'ended', report: {itemCounts: {succeeded: 40, failed: 0}}});
	});

	it('is paused, with the reason, when one worker after another gets nowhere', async () => {
		const ledger = openLedger({isShared: true});
		const fetch = async (_: unknown, {signal}: {readonly signal: AbortSignal}) => await ledger.clock.sleep(20_000, signal);
		const fleet = openFleet(ledger, {stages: {fetch}, limitMs: 10_000});
		const {runId} = await ledger.plan(itemsOf(10), lambda);
		const problem = expect.stringContaining('raise its time limit') as string;
		expect(await fleet.orchestrate(runId)).toMatchObject({state: 'stopped', reason: problem});
		expect(fleet.calls).toHaveLength(11);
		expect(ledger.clock.pending).toBe(0);
	});

	it('leaves a run that killed three of them in a row to workers, whose deaths are counted', async () => {
		const ledger = openLedger({isShared: true});
		const fleet = openFleet(ledger);
		const {runId} = await ledger.plan(itemsOf(20), {engine: 'in-process'});
		for (const claim of [1, 2, 3]) {
			await ledger.state.create(`work/${runId}/0/0/claim-${claim}`, JSON.stringify({started: 5, createdAt: new Date(0).toISOString()}));
		}
		expect(await fleet.orchestrate(runId)).toMatchObject({state: 'ended', report: {itemCounts: {succeeded: 20}}});
		expect(fleet.calls).toHaveLength(2);
	});

	it('plans again in its next life what took too long, and gives up after three', async () => {
		const ledger = openLedger({isShared: true});
		const {runId} = await ledger.create(lambda);
		const openSource = () => () => ({name: 'endless', rows: endless(ledger), resolveFile: (file: string) => file});
		const fleet = openFleet(ledger);
		expect(await fleet.orchestrate(runId, {openSource, remainingMs: 60_000})).toEqual({state: 'open'});
		expect(await fleet.orchestrate(runId, {openSource, remainingMs: 60_000})).toEqual({state: 'open'});
		const ended = await fleet.orchestrate(runId, {openSource, remainingMs: 60_000});
		expect(ended).toMatchObject({state: 'stopped', reason: expect.stringContaining('split the list') as string});
		expect(await getRun(ledger.ports, runId)).toMatchObject({
			status: 'CANCELLED',
			problem: expect.stringContaining('split the list') as string,
		});
	});

	it('refuses an engine that is not there, and says so', async () => {
		const ledger = openLedger({isShared: true});
		const {runId} = await ledger.plan(itemsOf(4), {engine: 'distributed-map'});
		const problem = expect.stringContaining("the engine 'distributed-map' is not to be had here") as string;
		expect(await openFleet(ledger).orchestrate(runId)).toMatchObject({state: 'stopped', reason: problem});
		expect(await getRun(ledger.ports, runId)).toMatchObject({status: 'PAUSED', problem});
	});
});

describe('pause and cancel', () => {
	async function openPaused(fetchMs: number) {
		const ledger = openLedger({isShared: true});
		const starts: number[] = [];
		const fetch = async () => {
			starts.push(ledger.clock.nowMs());
			return await ledger.clock.sleep(fetchMs);
		};
		const fleet = openFleet(ledger, {stages: {fetch}});
		const {runId} = await ledger.plan(itemsOf(120), {engine: 'lambda', maxWorkers: 3});
		return {ledger, fleet, runId, starts};
	}

	it.each(['pause', 'cancel'] as const)('%s: no new item starts later than 5 s after it', async action => {
		const {ledger, fleet, runId, starts} = await openPaused(700);
		let toldMs = 0;
		ledger.clock.after(9000, () => {
			toldMs = ledger.clock.nowMs();
			void controlRun(ledger.ports, runId, {action});
		});
		const {state} = await fleet.orchestrate(runId);
		expect(state).toBe(action === 'pause' ? 'stopped' : 'ended');
		expect(Math.max(...starts)).toBeGreaterThan(toldMs);
		expect(Math.max(...starts) - toldMs).toBeLessThanOrEqual(5000);
		const {SUCCEEDED, PENDING} = ledger.results(runId);
		expect([...SUCCEEDED, ...PENDING].map(({n}) => n).toSorted((a, b) => a - b)).toEqual(itemsOf(120).map((_, n) => n));
		expect(await getRun(ledger.ports, runId)).toMatchObject({status: action === 'pause' ? 'PAUSED' : 'CANCELLED'});
		expect(ledger.clock.pending).toBe(0);
	});

	it('a paused run is left alone until it is resumed', async () => {
		const {ledger, fleet, runId} = await openPaused(700);
		await controlRun(ledger.ports, runId, {action: 'pause'});
		expect(await fleet.orchestrate(runId)).toEqual({state: 'stopped', reason: 'PAUSED'});
		expect(fleet.calls).toEqual([]);
		await controlRun(ledger.ports, runId, {action: 'resume'});
		expect(await fleet.orchestrate(runId)).toMatchObject({state: 'ended', report: {status: 'SUCCEEDED'}});
	});

	it('a run that was cancelled before anybody worked on it is sealed with all its items pending', async () => {
		const {ledger, fleet, runId} = await openPaused(700);
		await controlRun(ledger.ports, runId, {action: 'cancel'});
		expect(await fleet.orchestrate(runId)).toMatchObject({state: 'ended', report: {status: 'CANCELLED', itemCounts: {pending: 120}}});
		expect(ledger.results(runId).PENDING).toHaveLength(120);
	});
});

describe('tolerance', () => {
	it('stops handing out shards, and a resume with another one goes on', async () => {
		const ledger = openLedger({isShared: true});
		const fleet = openFleet(ledger, {stages: {fetch: failItem(...Array.from({length: 30}, (_, n) => n))}});
		const {runId} = await ledger.plan(itemsOf(200), {engine: 'lambda', maxWorkers: 1, session: {toleratedFailureCount: 12}});
		expect(await fleet.orchestrate(runId)).toEqual({state: 'stopped', reason: 'FAILURE_TOLERANCE_EXCEEDED'});
		expect(fleet.calls.length).toBeLessThan(4);
		// Somebody sweeps: it stays as it is.
		expect(await fleet.orchestrate(runId)).toEqual({state: 'stopped', reason: 'FAILURE_TOLERANCE_EXCEEDED'});
		await controlRun(ledger.ports, runId, {action: 'resume', session: {toleratedFailureCount: 50}});
		expect(await fleet.orchestrate(runId)).toMatchObject({
			state: 'ended',
			report: {status: 'SUCCEEDED', itemCounts: {failed: 30, succeeded: 170}},
		});
	});

	it('of a share is judged over the whole run, not over a shard', async () => {
		const ledger = openLedger({isShared: true});
		const fleet = openFleet(ledger, {stages: {fetch: failItem(0, 1, 2, 3, 4, 5)}});
		const session = {toleratedFailurePercentage: 10};
		const {runId} = await ledger.plan(itemsOf(100), {...lambda, session});
		expect(await fleet.orchestrate(runId)).toMatchObject({state: 'ended', report: {status: 'SUCCEEDED', itemCounts: {failed: 6}}});
	});
});

describe('a redrive', () => {
	it('runs again what failed, as a generation of its own', async () => {
		const ledger = openLedger({isShared: true});
		const {runId} = await ledger.plan(itemsOf(60), lambda);
		await openFleet(ledger, {stages: {fetch: failItem(3, 33, 59)}}).orchestrate(runId);
		await redriveRun(ledger.ports, runId);
		const fleet = openFleet(ledger, {stages: {fetch: failItem(33)}});
		expect(await fleet.orchestrate(runId)).toMatchObject({state: 'ended', report: {generation: 1, itemCounts: {succeeded: 59, failed: 1}}});
		expect(fleet.calls.map(({generation}) => generation)).toEqual([1]);
	});
});

describe('a state machine', () => {
	const inBucket = () => openLedger({isShared: true, uri: 's3://bucket/thumbnails/.twolane'});

	it('gets the plan and is left alone while it works; its last step finishes the run', async () => {
		const ledger = inBucket();
		const machine = openStateMachine();
		const fleet = openFleet(ledger);
		const engines = {lambda: fleet.engine, 'distributed-map': machine.engine};
		const {runId} = await ledger.plan(itemsOf(40), {engine: 'distributed-map', maxWorkers: 7});
		const handed = await fleet.orchestrate(runId, {engines});
		const name = `${runId}-0-0-0`;
		expect(handed).toEqual({state: 'handed-over', execution: name});
		expect(machine.started).toEqual([
			{
				name,
				runId,
				generation: 0,
				life: expect.any(String) as string,
				plan: {bucket: 'bucket', key: `thumbnails/.twolane/runs/${runId}/0/plan.json`},
				maxWorkers: 7,
			},
		]);
		expect(await isLeased(ledger.ports, runId)).toBeUndefined();
		expect(await fleet.orchestrate(runId, {engines})).toEqual({state: 'handed-over', execution: name});
		await workOffPlan(ledger, fleet, runId);
		expect(await fleet.orchestrate(runId, {engines, through: name})).toMatchObject({state: 'ended', report: {status: 'SUCCEEDED'}});
	});

	it('that has ended without the run is followed by another one', async () => {
		const ledger = inBucket();
		const machine = openStateMachine();
		const fleet = openFleet(ledger);
		const engines = {lambda: fleet.engine, 'distributed-map': machine.engine};
		const {runId} = await ledger.plan(itemsOf(40), {engine: 'distributed-map'});
		await fleet.orchestrate(runId, {engines});
		machine.end(`${runId}-0-0-0`);
		expect(await fleet.orchestrate(runId, {engines})).toEqual({state: 'handed-over', execution: `${runId}-0-1-0`});
		for (let execution = 1; execution < 5; execution++) {
			machine.end(`${runId}-0-${execution}-0`);
			await fleet.orchestrate(runId, {engines});
		}
		// Five are enough: then workers are sent from here.
		expect(machine.started).toHaveLength(5);
		expect(await getRun(ledger.ports, runId)).toMatchObject({status: 'SUCCEEDED'});
	});

	it('that still drains after a pause is not doubled by a resume', async () => {
		const ledger = inBucket();
		const machine = openStateMachine();
		const fleet = openFleet(ledger);
		const engines = {lambda: fleet.engine, 'distributed-map': machine.engine};
		const {runId} = await ledger.plan(itemsOf(40), {engine: 'distributed-map'});
		await fleet.orchestrate(runId, {engines});
		await controlRun(ledger.ports, runId, {action: 'pause'});
		await controlRun(ledger.ports, runId, {action: 'resume'});
		expect(await fleet.orchestrate(runId, {engines})).toEqual({state: 'handed-over', execution: `${runId}-0-0-0`});
		machine.end(`${runId}-0-0-0`);
		expect(await fleet.orchestrate(runId, {engines})).toEqual({state: 'handed-over', execution: `${runId}-0-1-2`});
		expect(machine.started).toHaveLength(2);
	});

	it('is looked at with few requests, however many shards are sealed', async () => {
		const requests = countRequests();
		const ledger = openLedger({isShared: true, uri: 's3://bucket/', before: requests.before});
		const machine = openStateMachine();
		const fleet = openFleet(ledger);
		const engines = {lambda: fleet.engine, 'distributed-map': machine.engine};
		const {runId} = await ledger.plan(itemsOf(400), {engine: 'distributed-map'});
		await fleet.orchestrate(runId, {engines});
		await workOffPlan(ledger, fleet, runId, 30);
		const before = requests.total;
		await fleet.orchestrate(runId, {engines});
		expect(requests.total - before).toBeLessThanOrEqual(8);
	});
});

/** A list whose rows come slower than anybody can wait. */
async function* endless({clock}: ReturnType<typeof openLedger>): AsyncGenerator<readonly ManifestRow[]> {
	for (let line = 1; ; line++) {
		await clock.sleep(1000);
		yield [{line, value: {id: `item-${line}`}}];
	}
}

/** What the state machine's children do. */
async function workOffPlan(ledger: ReturnType<typeof openLedger>, fleet: Fleet, runId: string, shards = Infinity): Promise<void> {
	const plan = ledger.json(`runs/${runId}/0/plan.json`) as Parameters<Fleet['engine']['invoke']>[0]['shard'][];
	const {signal} = new AbortController();
	for (const shard of plan.slice(0, shards)) {
		await ledger.clock.finish(fleet.engine.invoke({runId, generation: 0, shard, life: 'machine'}, {signal}));
	}
}

describe('a fleet of a thousand', () => {
	it('hears of a pause within 5 s, and asks the store for little', async () => {
		const requests = countRequests();
		const ledger = openLedger({isShared: true, before: requests.before});
		const starts: number[] = [];
		const fetch = async () => {
			starts.push(ledger.clock.nowMs());
			return await ledger.clock.sleep(6000);
		};
		const fleet = openFleet(ledger, {stages: {fetch}});
		const {runId} = await ledger.plan(itemsOf(10_000), {engine: 'lambda', maxWorkers: 1000});
		const before = requests.total;
		let toldMs = 0;
		ledger.clock.after(27_000, () => {
			toldMs = ledger.clock.nowMs();
			void controlRun(ledger.ports, runId, {action: 'pause'});
		});
		await fleet.orchestrate(runId);
		const pausedMs = ledger.clock.nowMs();
		expect(fleet.most).toBe(1000);
		expect(starts.length).toBeGreaterThan(4000);
		expect(Math.max(...starts) - toldMs).toBeLessThanOrEqual(5000);
		const claims = ledger.keys('work/').filter(key => key.includes('/claim-')).length;
		const workMinutes = (1000 * pausedMs) / 60_000;
		expect(requests.total - before).toBeLessThanOrEqual(15 * claims + 24 * workMinutes);
	});

	it('works off its shards with at most 15 requests for each claim and 24 for each minute', async () => {
		const requests = countRequests();
		const ledger = openLedger({isShared: true, before: requests.before});
		const fleet = openFleet(ledger, {stages: {fetch: async () => await ledger.clock.sleep(6000)}});
		const {runId} = await ledger.plan(itemsOf(4000), {engine: 'lambda', maxWorkers: 100});
		const before = requests.total;
		expect(await fleet.orchestrate(runId)).toMatchObject({state: 'ended', report: {itemCounts: {succeeded: 4000}}});
		const claims = ledger.keys('work/').filter(key => key.includes('/claim-')).length;
		expect(claims).toBe(400);
		const workMinutes = (400 * 60) / 60;
		expect(requests.total - before).toBeLessThanOrEqual(15 * claims + 24 * workMinutes);
	});

	it('asks for nothing per item when items take no time', async () => {
		const requests = countRequests();
		const ledger = openLedger({isShared: true, before: requests.before});
		const {runId} = await ledger.plan(itemsOf(10_000), {engine: 'lambda', maxWorkers: 5});
		const before = requests.total;
		await openFleet(ledger).orchestrate(runId);
		const claims = ledger.keys('work/').filter(key => key.includes('/claim-')).length;
		expect(claims).toBe(20);
		expect(requests.total - before).toBeLessThanOrEqual(15 * claims);
	});
});
