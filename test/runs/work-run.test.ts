import {describe, expect, it} from 'vitest';
import {controlRun} from '../../src/runs/control-run.ts';
import {endCancelled} from '../../src/runs/end-cancelled.ts';
import {getRun} from '../../src/runs/get-run.ts';
import {redriveRun} from '../../src/runs/redrive-run.ts';
import {workRun} from '../../src/runs/work-run.ts';
import type {Outcome} from '../../src/lanes/outcome.ts';
import {createBarrier} from '../support/barrier.ts';
import {settled} from '../support/fake-clock.ts';
import {fakePool} from '../support/fake-pool.ts';
import {type Stages, laneSetup} from '../support/lane-setup.ts';
import {itemsOf, limits, openLedger} from './ledger.ts';
import {failing, states, stopAfter} from './states.ts';

const range = (from: number, to: number): number[] => Array.from({length: to - from}, (_, index) => from + index);
const ordinals = (outcomes: readonly Outcome[]): number[] => outcomes.map(({n}) => n).toSorted((a, b) => a - b);

describe('a session', () => {
	it('gives each item one outcome, with the item as it was given, and leaves no timer', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(25));
		const {outcomes, report} = await ledger.work(runId, failing(7), {lanes: {attempts: 1}});
		expect(ordinals(outcomes)).toEqual(range(0, 25));
		expect(outcomes.find(({n}) => n === 12)).toMatchObject({id: 'item-12', item: {id: 'item-12'}, status: 'succeeded', result: 'item-12'});
		expect(outcomes.find(({n}) => n === 7)).toMatchObject({item: {id: 'item-7'}, status: 'failed'});
		expect(report).toMatchObject({runId, status: 'FAILED', itemCounts: {succeeded: 24, failed: 1, total: 25}, shards: 3, sealed: 3});
		expect(ledger.clock.pending).toBe(0);
		expect(ledger.keys('active/')).toEqual([]);
	});

	it('of an ended run does nothing, and reports', async () => {
		const ledger = openLedger();
		const runId = await states.FAILED(ledger);
		const before = [...ledger.state.objects].map(([key, {text}]) => [key, text]);
		const {outcomes, report} = await ledger.work(runId);
		expect(outcomes).toEqual([]);
		expect(report).toMatchObject({status: 'FAILED', itemCounts: {failed: 2}});
		expect([...ledger.state.objects].map(([key, {text}]) => [key, text])).toEqual(before);
	});

	it('goes on where the one before has stopped, and does nothing twice', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(25));
		const {stages, working} = stopAfter(13, 'INTERRUPTED');
		const first = await ledger.work(runId, stages, working);
		expect(first.report).toMatchObject({status: 'PAUSED', completionReason: 'INTERRUPTED', itemCounts: {succeeded: 13, pending: 12}});
		await ledger.ready(runId);
		const second = await ledger.work(runId);
		expect(second.report).toMatchObject({status: 'SUCCEEDED', itemCounts: {succeeded: 25}});
		expect(ordinals([...first.outcomes, ...second.outcomes])).toEqual(range(0, 25));
		expect(ledger.clock.pending).toBe(0);
	});

	it('shows outcomes of earlier sessions first when it is asked to, each item once', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(25));
		const {stages, working} = stopAfter(13, 'INTERRUPTED');
		await ledger.work(runId, stages, working);
		await ledger.ready(runId);
		const {outcomes} = await ledger.work(runId, undefined, {isReplaying: true});
		expect(outcomes.slice(0, 13).map(({n}) => n)).toEqual(range(0, 13));
		expect(ordinals(outcomes)).toEqual(range(0, 25));
		expect(outcomes.map(({item}) => item)).toEqual(outcomes.map(({n}) => ({id: `item-${n}`})));
		const again = await ledger.work(runId, undefined, {isReplaying: true});
		expect(again.outcomes.map(({n}) => n)).toEqual(range(0, 25));
	});

	it('shows of a redriven run what the newest generation says', async () => {
		const ledger = openLedger();
		const runId = await states.FAILED(ledger);
		await redriveRun(ledger.ports, runId);
		await ledger.work(runId, failing(7), {lanes: {attempts: 1}});
		const {outcomes} = await ledger.work(runId, undefined, {isReplaying: true});
		expect(outcomes.map(({n}) => n)).toEqual(range(0, 20));
		expect(outcomes.filter(({status}) => status === 'failed').map(({item}) => item)).toEqual([{id: 'item-7'}]);
	});

	it('that was stopped before it began takes nothing', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(25));
		const {outcomes, report} = await ledger.work(runId, undefined, {stop: AbortSignal.abort('PAUSED')});
		expect(outcomes).toEqual([]);
		expect(report).toMatchObject({status: 'PAUSED', completionReason: 'PAUSED', itemCounts: {pending: 25, total: 25}});
		expect(ledger.clock.pending).toBe(0);
	});

	it('of one worker on a run without a plan is a bug', async () => {
		const ledger = openLedger();
		await expect(ledger.work(await states.PENDING(ledger))).rejects.toMatchObject({code: 'INTERNAL'});
	});

	it('counts failures of earlier sessions for its tolerance', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(20), {session: {toleratedFailureCount: 1}});
		const {stages, working} = stopAfter(5, 'INTERRUPTED');
		const {fetch} = failing(2, 8);
		const both: Stages = {
			fetch: async (item, context) => {
				await stages.fetch?.(item, context);
				return await fetch?.(item, context);
			},
		};
		const narrow = {limits: {ioConcurrency: 1}, attempts: 1};
		expect((await ledger.work(runId, both, {...working, lanes: narrow})).report).toMatchObject({
			completionReason: 'INTERRUPTED',
			itemCounts: {failed: 1},
		});
		await ledger.ready(runId);
		const {report} = await ledger.work(runId, failing(2, 8), {lanes: narrow});
		expect(report).toMatchObject({
			status: 'FAILED',
			completionReason: 'FAILURE_TOLERANCE_EXCEEDED',
			itemCounts: {succeeded: 7, failed: 2, pending: 11},
		});
	});
});

describe('a session that is abandoned', () => {
	it('throws the reason, and keeps what had ended', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(25));
		const controller = new AbortController();
		const seen: number[] = [];
		const work = ledger.work(
			runId,
			{
				fetch: async ({id}: {readonly id: string}, {signal}: {readonly signal: AbortSignal}) => {
					if (seen.push(1) > 6) {
						setImmediate(() => controller.abort(new Error('given up')));
						await ledger.clock.sleep(1e6, signal);
					}
					return id;
				},
			},
			{signal: controller.signal, lanes: {limits: {ioConcurrency: 1}}},
		);
		await expect(work).rejects.toThrow('given up');
		expect((await getRun(ledger.ports, runId)).itemCounts).toMatchObject({succeeded: 6, pending: 19});
		const {report, outcomes} = await ledger.work(runId);
		expect(ordinals(outcomes)).toEqual(range(6, 25));
		expect(report).toMatchObject({status: 'SUCCEEDED', itemCounts: {succeeded: 25}});
	});

	it('ends with the error of its records when they cannot be written', async () => {
		let isFull = false;
		const ledger = openLedger({
			before: ({op, key}) => {
				if (isFull && op === 'create' && key.includes('/part-')) throw Object.assign(new Error('full'), {code: 'STORE_FULL'});
			},
		});
		const {runId} = await ledger.plan(itemsOf(25));
		const work = ledger.work(
			runId,
			{
				fetch: async (item: unknown, {signal}: {readonly signal: AbortSignal}) => {
					isFull = true;
					await ledger.clock.sleep(1500, signal);
					return item;
				},
			},
			{lanes: {limits: {ioConcurrency: 1}}},
		);
		await expect(work).rejects.toThrow('full');
		expect(ledger.clock.pending).toBe(0);
		isFull = false;
		expect((await ledger.work(runId)).report).toMatchObject({status: 'SUCCEEDED', itemCounts: {succeeded: 25}});
	});
});

describe('the checkpoints of a session', () => {
	it('are a second apart while something ends, and none comes when nothing does', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(10));
		const parts = () => ledger.keys(`work/${runId}/`).filter(key => key.includes('part-')).length;
		const seen: number[] = [];
		const fetch = async (item: unknown) => {
			await ledger.clock.sleep(900);
			seen.push(parts());
			return item;
		};
		await ledger.work(runId, {fetch}, {lanes: {limits: {ioConcurrency: 1}}});
		// At 900, 1800, 2700, ... ms of a clock whose checkpoints come at 1000, 2000, 3000, ...
		expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
	});

	it('let a second worker see the counts before anything is sealed', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(10));
		let midway: unknown;
		let ended = 0;
		const fetch = async (item: unknown) => {
			await ledger.clock.sleep(1100);
			if (++ended === 5) midway = (await getRun(ledger.ports, runId)).itemCounts;
			return item;
		};
		await ledger.work(runId, {fetch}, {lanes: {limits: {ioConcurrency: 1}}});
		expect(midway).toMatchObject({succeeded: 4, pending: 6});
	});
});

describe('a run that is told something while somebody works on it', () => {
	const slow = (ledger: ReturnType<typeof openLedger>) => ({
		fetch: async (item: unknown, {signal}: {readonly signal: AbortSignal}) => {
			await ledger.clock.sleep(1000, signal);
			return item;
		},
	});
	const narrow = {lanes: {limits: {ioConcurrency: 1}}} as const;

	it.each([
		['pause', 'PAUSED'],
		['cancel', 'CANCELLED'],
	] as const)('to %s is %s within 5 s, and what was in flight ends', async (action, status) => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(30));
		let toldMs = Infinity;
		ledger.clock.after(7300, () => {
			toldMs = ledger.clock.nowMs();
			void controlRun(ledger.ports, runId, {action});
		});
		const {report, outcomes} = await ledger.work(runId, slow(ledger), narrow);
		expect(ledger.clock.nowMs() - toldMs).toBeLessThanOrEqual(5000 + 1000);
		expect(report).toMatchObject({
			status,
			completionReason: status,
			itemCounts: {succeeded: outcomes.length, pending: 30 - outcomes.length},
		});
		expect(outcomes.length).toBeGreaterThanOrEqual(7);
		expect(outcomes.length).toBeLessThanOrEqual(13);
		expect(ledger.results(runId).PENDING).toHaveLength(30 - outcomes.length);
		expect(await getRun(ledger.ports, runId)).toMatchObject({status});
		expect(ledger.clock.pending).toBe(0);
	});

	it('after a cancel is ended for good: every shard is sealed', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(30));
		ledger.clock.after(2500, () => void controlRun(ledger.ports, runId, {action: 'cancel'}));
		const {report} = await ledger.work(runId, slow(ledger), narrow);
		expect(report).toMatchObject({sealed: 3, shards: 3});
		expect(ledger.keys('active/')).toEqual([]);
		expect((await ledger.work(runId)).outcomes).toEqual([]);
	});

	it('to go on with other terms goes on', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(10));
		ledger.clock.after(2500, () => void controlRun(ledger.ports, runId, {action: 'resume', session: {attempts: 2}}));
		const {report} = await ledger.work(runId, slow(ledger), narrow);
		expect(report).toMatchObject({status: 'SUCCEEDED', control: 1});
	});

	it('and whose word is damaged ends with that error', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(30));
		ledger.clock.after(2500, () => void ledger.state.create(`runs/${runId}/control-1.json`, '{'));
		await expect(ledger.work(runId, slow(ledger), narrow)).rejects.toMatchObject({code: 'STATE_INVALID'});
		expect(ledger.clock.pending).toBe(0);
	});
});

describe('a drain with a time limit', () => {
	it('leaves what has not ended by then pending, and the report is no error', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(10));
		const stopping = new AbortController();
		let started = 0;
		const fetch = async (item: unknown, {signal}: {readonly signal: AbortSignal}) => {
			if (++started > 3) {
				stopping.abort('INTERRUPTED');
				await ledger.clock.sleep(1e6, signal);
			}
			return item;
		};
		const {report, outcomes} = await ledger.work(
			runId,
			{fetch},
			{stop: stopping.signal, drainMs: 3000, lanes: {limits: {ioConcurrency: 1}}},
		);
		expect(outcomes).toHaveLength(3);
		expect(report).toMatchObject({status: 'PAUSED', completionReason: 'INTERRUPTED', itemCounts: {succeeded: 3, pending: 7}});
		expect(ledger.clock.nowMs()).toBe(3000);
		expect(ledger.clock.pending).toBe(0);
	});
});

describe('a consumer who breaks off', () => {
	it('lets what is in flight end, and keeps it', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(25));
		const barrier = createBarrier();
		const fetch = async ({id}: {readonly id: string}) => {
			await (id === 'item-0' ? barrier.reached(3) : barrier.wait());
			return id;
		};
		const run = workRun(ledger.ports, runId, {lanes: laneSetup({fetch}, {clock: ledger.clock, limits: {ioConcurrency: 4}})});
		const broken = (async () => {
			for await (const _ of run) break;
		})();
		await barrier.reached(3);
		for (let turn = 0; turn < 20; turn++) await settled();
		const inFlight = barrier.arrived;
		barrier.open();
		await ledger.clock.finish(broken);
		expect(run.report).toMatchObject({completionReason: 'INTERRUPTED', itemCounts: {succeeded: 1 + inFlight, pending: 24 - inFlight}});
		expect(ledger.clock.pending).toBe(0);
	});
});

describe('careful mode', () => {
	const stages = {hasTransform: true};

	it('runs what was in flight at a death alone first, and everything else as ever', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(300));
		const dying = fakePool(() => new Promise(() => {}), {threads: 2});
		const dead = workRun(ledger.ports, runId, {lanes: laneSetup(stages, {clock: ledger.clock, pool: dying})});
		void dead.work().catch(() => {});
		for (let turn = 0; turn < 50 && dying.calls.length < 2; turn++) await settled();

		const idsOf = (pool: typeof dying): string[] => pool.calls.map(({task}) => task.id);
		const alone = fakePool(
			({task: {id}}) => {
				if (id === 'item-1') throw Object.assign(new Error('it crashed'), {code: 'NATIVE_CRASH'});
				return id;
			},
			{threads: 1},
		);
		const many = fakePool(({task: {id}}) => id);
		const {report} = await ledger.work(runId, stages, {isolatedPool: () => alone, lanes: {pool: many}});
		expect(idsOf(alone).slice(0, 2)).toEqual(['item-0', 'item-1']);
		expect([...new Set([...idsOf(alone), ...idsOf(many)])].toSorted()).toEqual(
			itemsOf(300)
				.map(({id}) => id)
				.toSorted(),
		);
		expect(idsOf(many).filter(id => idsOf(alone).includes(id))).toEqual([]);
		expect(idsOf(alone)).toHaveLength(64);
		expect(report?.itemCounts).toMatchObject({succeeded: 299, failed: 1, total: 300});
	});

	it('is not for a run whose sessions ended in order', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(25));
		await ledger.work(runId, stages, {stop: AbortSignal.abort('PAUSED'), lanes: {pool: fakePool(() => 1)}});
		const alone = fakePool(() => 1);
		const many = fakePool(() => 1);
		await ledger.ready(runId);
		await ledger.work(runId, stages, {isolatedPool: () => alone, lanes: {pool: many}});
		expect([alone.calls.length, many.calls.length]).toEqual([0, 25]);
	});
});

describe('endCancelled', () => {
	it('of a run on which nobody works lists what is open as pending', async () => {
		const ledger = openLedger();
		const runId = await states['CANCELLED, not ended yet'](ledger);
		expect(await endCancelled(ledger.ports, runId, {limits})).toMatchObject({status: 'CANCELLED', itemCounts: {pending: 20, total: 20}});
		expect(ledger.results(runId).PENDING).toHaveLength(20);
		expect(ledger.clock.pending).toBe(0);
	});

	it('of a run that was never planned ends nothing', async () => {
		const ledger = openLedger();
		expect(await endCancelled(ledger.ports, await states.PENDING(ledger), {limits})).toBeUndefined();
	});
});
