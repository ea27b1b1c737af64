import {describe, expect, it} from 'vitest';
import {controlRun} from '../../src/runs/control-run.ts';
import {type RunView, getRun} from '../../src/runs/get-run.ts';
import {layout} from '../../src/runs/layout.ts';
import {openShard} from '../../src/runs/open-shard.ts';
import {readPlan} from '../../src/runs/plan.ts';
import type {RunPorts} from '../../src/runs/ports.ts';
import {type Ledger, itemsOf, openLedger, row} from './ledger.ts';
import {type State, failing, states} from './states.ts';

const counts = (succeeded: number, failed: number, total = 20) => ({
	succeeded,
	failed,
	skipped: 0,
	running: 0,
	pending: total - succeeded - failed,
	total,
});

describe('the status of a run', () => {
	it.each([
		['PENDING', 'PENDING', undefined, counts(0, 0, 0)],
		['RUNNING, not begun', 'RUNNING', undefined, counts(0, 0)],
		['PAUSED by control', 'PAUSED', 'PAUSED', counts(0, 0)],
		['PAUSED before it was planned', 'PAUSED', 'PAUSED', counts(0, 0, 0)],
		['PAUSED by an interrupt', 'PAUSED', 'INTERRUPTED', counts(3, 0)],
		['PAUSED at a deadline', 'PAUSED', 'DEADLINE_REACHED', counts(3, 0)],
		['FAILED by tolerance', 'FAILED', 'FAILURE_TOLERANCE_EXCEEDED', counts(0, 1)],
		['FAILED by tolerance, sealed', 'FAILED', 'FAILURE_TOLERANCE_EXCEEDED', counts(19, 1)],
		['SUCCEEDED', 'SUCCEEDED', 'ALL_COMPLETED', counts(20, 0)],
		['SUCCEEDED within its tolerance', 'SUCCEEDED', 'ALL_COMPLETED', counts(19, 1)],
		['FAILED', 'FAILED', 'ALL_COMPLETED', counts(18, 2)],
		['CANCELLED, not ended yet', 'CANCELLED', 'CANCELLED', counts(0, 0)],
		['CANCELLED', 'CANCELLED', 'CANCELLED', counts(3, 0)],
	] as const)('that is %s is %s, %s', async (state, status, completionReason, itemCounts) => {
		const ledger = openLedger();
		const runId = await states[state](ledger);
		const view = await getRun(ledger.ports, runId);
		expect({status: view.status, completionReason: view.completionReason, itemCounts: view.itemCounts}).toEqual({
			status,
			completionReason,
			itemCounts,
		});
		expect(view).toMatchObject({
			id: runId,
			flow: 'test',
			generation: 0,
			out: 'memory:',
			sources: ['list.jsonl'],
			createdAt: '2026-01-01T00:00:00.000Z',
		});
	});

	it('is running while somebody works on it, whatever the last report says', async () => {
		const ledger = openLedger();
		const runId = await states['PAUSED by an interrupt'](ledger);
		const seenBy = (isWorkedOn: boolean | undefined): Promise<RunView> =>
			getRun({...ledger.ports, isWorkedOn: async () => isWorkedOn} satisfies RunPorts, runId);
		expect((await seenBy(true)).status).toBe('RUNNING');
		expect((await seenBy(true)).stalled).toBeUndefined();
		expect((await seenBy(false)).status).toBe('PAUSED');
		expect((await seenBy(undefined)).status).toBe('PAUSED');
	});

	it('is stalled where it is to run and nobody works on it, as far as anybody can tell', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(20));
		expect(await getRun({...ledger.ports, isWorkedOn: async () => false}, runId)).toMatchObject({status: 'RUNNING', stalled: true});
		expect((await getRun(ledger.ports, runId)).stalled).toBeUndefined();
		expect(
			(await getRun({...ledger.ports, isWorkedOn: async () => false}, (await ledger.create({isFresh: true})).runId)).stalled,
		).toBeUndefined();
	});

	it('is running again as soon as it was told to', async () => {
		const ledger = openLedger();
		const runId = await states['PAUSED by an interrupt'](ledger);
		await controlRun(ledger.ports, runId, {action: 'resume'});
		expect(await getRun(ledger.ports, runId)).toMatchObject({status: 'RUNNING', itemCounts: counts(3, 0)});
		expect((await getRun(ledger.ports, runId)).completionReason).toBeUndefined();
	});
});

describe('the counts of a run', () => {
	/** One shard ended, one half done, one not begun. */
	async function halfDone(): Promise<{readonly ledger: Ledger; readonly runId: string; readonly reads: string[]}> {
		const reads: string[] = [];
		const ledger = openLedger({before: ({op, key}) => void (['get', 'read'].includes(op) && reads.push(key))});
		const {runId} = await ledger.plan(itemsOf(25));
		const place = {runId, generation: 0};
		for (const shard of (await readPlan(ledger.ports, place)) ?? []) {
			if (shard.shard === 2) continue;
			const open = await openShard(ledger.ports, {...place, shard: shard.shard}, shard, {window: () => 100});
			const done = shard.shard === 0 ? 10 : 4;
			for (let item = 0; item < done; item++) {
				const n = 10 * shard.shard + item;
				open.add(item === 0 ? row.failed(n) : item === 1 ? row.skipped(n) : row.succeeded(n));
				if (item === 2) await open.save();
			}
			await open.save();
		}
		return {ledger, runId, reads};
	}

	it('come from seals, and from the names of parts where there is no seal yet: no row is read', async () => {
		const {ledger, runId, reads} = await halfDone();
		reads.length = 0;
		const {itemCounts} = await getRun(ledger.ports, runId);
		expect(itemCounts).toEqual({succeeded: 10, failed: 2, skipped: 2, pending: 11, running: 0, total: 25});
		expect(reads.filter(key => /part-|rows\/|items-/u.test(key))).toEqual([]);
	});

	it('of an ended run show its most frequent errors, and how fast it went', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(20));
		await ledger.work(runId, {
			fetch: async (item, {signal}: {readonly signal: AbortSignal}) => {
				await ledger.clock.sleep(1000, signal);
				ledger.wall.ms += 100;
				return item;
			},
		});
		expect(await getRun(ledger.ports, runId)).toMatchObject({throughput: 10, topErrors: []});
		const {runId: failed} = await ledger.plan(itemsOf(20), {isFresh: true});
		await ledger.work(failed, failing(3, 4), {lanes: {attempts: 1}});
		expect((await getRun(ledger.ports, failed)).topErrors).toMatchObject([{count: 2, example: {id: 'item-3'}}]);
	});

	it('of a run that goes on say how long it will take at the rate of before', async () => {
		const ledger = openLedger();
		const runId = await states['PAUSED by an interrupt'](ledger);
		const report = ledger.json(`runs/${runId}/report.json`) as object;
		await ledger.edit(`runs/${runId}/report.json`, () => JSON.stringify({...report, throughput: 2}));
		expect((await getRun(ledger.ports, runId)).etaSeconds).toBeUndefined();
		await controlRun(ledger.ports, runId, {action: 'resume'});
		expect(await getRun(ledger.ports, runId)).toMatchObject({throughput: 2, etaSeconds: 8.5});
	});
});

describe('the pace of a run that goes on', () => {
	const place = {generation: 0, shard: 0};
	const claim = async (ledger: Ledger, runId: string, {shard = 0, ended}: {readonly shard?: number; readonly ended: number}) => {
		const createdAt = new Date(ledger.wall.ms).toISOString();
		await ledger.state.create(layout.claim({...place, runId, shard}, 1), JSON.stringify({started: 10, createdAt}));
		await ledger.state.create(layout.part({...place, runId, shard}, `part-1-0-${ended}-0-0.jsonl`), '{}');
	};

	it('is that of its first session before anything is sealed', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(20));
		await claim(ledger, runId, {ended: 5});
		ledger.wall.ms += 10_000;
		expect(await getRun(ledger.ports, runId)).toMatchObject({status: 'RUNNING', throughput: 0.5, etaSeconds: 30});
	});

	it('is that of the session that works now, not of one before it', async () => {
		const ledger = openLedger();
		const runId = await states['PAUSED by an interrupt'](ledger);
		await controlRun(ledger.ports, runId, {action: 'resume'});
		ledger.wall.ms += 3_600_000;
		await claim(ledger, runId, {shard: 1, ended: 4});
		ledger.wall.ms += 2000;
		expect((await getRun(ledger.ports, runId)).throughput).toBe(2);
	});
});

it.each(['SUCCEEDED', 'PAUSED by an interrupt'] satisfies State[])(
	'a run that is %s with a damaged record is refused with its name',
	async state => {
		for (const name of ['run.json', '0/plan.json', '0/seals/0.json']) {
			const ledger = openLedger();
			const runId = await states[state](ledger);
			if (!ledger.keys().includes(`runs/${runId}/${name}`)) continue;
			await ledger.edit(`runs/${runId}/${name}`, text => text.slice(0, text.length / 2));
			await expect(getRun(ledger.ports, runId), name).rejects.toMatchObject({
				code: 'STATE_INVALID',
				message: expect.stringContaining(name),
			});
		}
	},
);
