import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {TwolaneError} from '../../src/lanes/errors.ts';
import {controlRun} from '../../src/runs/control-run.ts';
import {openDeadline} from '../../src/runs/deadline.ts';
import type {WorkerCall} from '../../src/runs/engine.ts';
import type {Plan} from '../../src/runs/plan.ts';
import {type ShardWorkOptions, workShard} from '../../src/runs/work-shard.ts';
import {createFakeClock} from '../support/fake-clock.ts';
import {type Stages, laneSetup} from '../support/lane-setup.ts';
import {type Ledger, itemsOf, openLedger} from './ledger.ts';

async function openCall(count: number, session = {}): Promise<{ledger: Ledger; runId: string; call: WorkerCall}> {
	const ledger = openLedger({isShared: true});
	const {runId} = await ledger.plan(itemsOf(count), {maxWorkers: 1, session});
	const [shard] = ledger.json(`runs/${runId}/0/plan.json`) as Plan;
	if (shard === undefined) throw new Error('the plan has no shard');
	return {ledger, runId, call: {runId, generation: 0, shard, life: 'life'}};
}

const workOn = (ledger: Ledger, call: WorkerCall, {stages, ...options}: Partial<ShardWorkOptions> & {readonly stages?: Stages} = {}) =>
	ledger.clock.finish(
		workShard(ledger.ports, call, {
			openLanes: async () =>
				laneSetup(stages ?? {fetch: async (item: unknown) => item}, {
					attempts: 1,
					limits: {ioConcurrency: 2},
					clock: ledger.clock,
				}),
			remainingMs: 900_000,
			...options,
		}),
	);

const itemTaking = (ledger: Ledger, ms: number): Stages => ({
	fetch: async (_: unknown, {signal}: {readonly signal: AbortSignal}) => await ledger.clock.sleep(ms, signal),
});

describe('a worker', () => {
	it('seals its shard, and touches no other', async () => {
		const {ledger, runId, call} = await openCall(20);
		const answer = await workOn(ledger, call);
		expect(answer).toEqual({runId, generation: 0, shard: 0, isSealed: true, ended: 10, counts: {succeeded: 10, failed: 0, skipped: 0}});
		expect(ledger.keys(`runs/${runId}/0/seals/`)).toEqual([`runs/${runId}/0/seals/0.json`]);
		expect(ledger.clock.pending).toBe(0);
	});

	it('of a sealed shard answers with what the seal says', async () => {
		const {ledger, call} = await openCall(10);
		const first = await workOn(ledger, call);
		const keys = ledger.keys();
		const failing = {
			fetch: async () => {
				throw new Error('nobody works');
			},
		};
		expect(await workOn(ledger, call, {stages: failing})).toEqual(first);
		expect(ledger.keys()).toEqual(keys);
	});

	it('answers half a second before its time limit at the latest, and drops what does not end', async () => {
		const {ledger, call} = await openCall(10);
		const answer = await workOn(ledger, call, {stages: itemTaking(ledger, 60_000), remainingMs: 10_000});
		expect(answer).toMatchObject({isSealed: false});
		expect(answer).not.toHaveProperty('stopped');
		expect(ledger.clock.nowMs()).toBeLessThanOrEqual(9500);
		expect(ledger.clock.pending).toBe(0);
	});

	it('goes by the time of whoever waits for it, when that is shorter', async () => {
		const {ledger, call} = await openCall(10);
		await workOn(ledger, {...call, budgetMs: 20_000}, {stages: itemTaking(ledger, 3000)});
		expect(ledger.clock.nowMs()).toBeLessThanOrEqual(19_500);
	});

	it('takes no item of a paused run, and seals a shard of a cancelled one with its items pending', async () => {
		const paused = await openCall(10);
		await controlRun(paused.ledger.ports, paused.runId, {action: 'pause'});
		expect(await workOn(paused.ledger, paused.call)).toMatchObject({isSealed: false, stopped: 'PAUSED'});
		const cancelled = await openCall(10);
		await controlRun(cancelled.ledger.ports, cancelled.runId, {action: 'cancel'});
		const answer = await workOn(cancelled.ledger, cancelled.call);
		expect(answer).toMatchObject({isSealed: true, stopped: 'CANCELLED', counts: {succeeded: 0}});
	});

	it('answers that the store was in the way, and leaves no claim that looks like a death', async () => {
		const {ledger, runId, call} = await openCall(10);
		let refusals = 3;
		const {state} = ledger.ports;
		const refusing = {
			...ledger.ports,
			state: {
				...state,
				write: async (key: string, chunks: AsyncIterable<Uint8Array | string>) => {
					if (refusals-- > 0) throw new TwolaneError('STORE_THROTTLED', 'slow down');
					await state.write(key, chunks);
				},
			},
		};
		const openLanes = async () => laneSetup({fetch: async (item: unknown) => item}, {clock: ledger.clock});
		const work = () => ledger.clock.finish(workShard(refusing, call, {openLanes, remainingMs: 900_000}));
		for (let turn = 0; turn < 3; turn++) expect(await work()).toMatchObject({isSealed: false, trouble: 'slow down'});
		expect(await work()).toMatchObject({isSealed: true, counts: {succeeded: 10, failed: 0}});
		expect(ledger.keys(`work/${runId}/`).filter(key => key.includes('/claim-'))).toHaveLength(4);
		expect(ledger.clock.pending).toBe(0);
	});

	it('stops the run when its own shard has more failures than are tolerated', async () => {
		const {ledger, call} = await openCall(10, {toleratedFailureCount: 2});
		const stages = {
			fetch: async () => {
				throw new Error('no');
			},
		};
		expect(await workOn(ledger, call, {stages})).toMatchObject({isSealed: false, stopped: 'FAILURE_TOLERANCE_EXCEEDED'});
	});
});

describe('a deadline', () => {
	it('leaves time to drain, to save and to answer, whatever the limit', () => {
		fc.assert(
			fc.property(fc.integer({min: 4000, max: 900_000}), remainingMs => {
				const clock = createFakeClock();
				let stopMs: number | undefined;
				const {stop, drainMs, close} = openDeadline({...clock, after: (ms, callback) => clock.after((stopMs = ms), callback)}, remainingMs);
				close();
				expect(stop.aborted).toBe(false);
				expect(drainMs).toBeGreaterThanOrEqual(1000);
				// What is left after the drain: 2 s to save, half a second to answer.
				expect(remainingMs - (stopMs ?? 0) - drainMs).toBeCloseTo(2500, 6);
			}),
		);
	});

	it('that is too near stops at once; none at all never does', async () => {
		const clock = createFakeClock();
		expect(openDeadline(clock, 3000).stop.reason).toBe('DEADLINE_REACHED');
		const endless = openDeadline(clock, Infinity);
		expect(clock.pending).toBe(0);
		expect(endless.stop.aborted).toBe(false);
	});
});
