import {describe, expect, it} from 'vitest';
import {TwolaneError} from '../../src/lanes/errors.ts';
import {controlRun} from '../../src/runs/control-run.ts';
import {getRun} from '../../src/runs/get-run.ts';
import {listItems} from '../../src/runs/list-items.ts';
import {redriveRun} from '../../src/runs/redrive-run.ts';
import type {PendingRow, Row} from '../../src/runs/row.ts';
import type {Stages} from '../support/lane-setup.ts';
import {type Ledger, flat, itemsOf, openLedger} from './ledger.ts';
import {failing, states, stopAfter} from './states.ts';

/** Fails each item of the list with its code. */
const failWith = (codes: Readonly<Record<string, string>>): Stages => ({
	fetch: async ({id}: {readonly id: string}) => {
		const code = codes[id];
		if (code !== undefined) throw new TwolaneError(code, `${id} fails`);
		return id;
	},
});
const codes = {'item-2': 'GONE', 'item-7': 'BAD', 'item-15': 'GONE'};

async function runFailed(ledger: Ledger): Promise<string> {
	const {runId} = await ledger.plan(itemsOf(20));
	await ledger.work(runId, failWith(codes));
	return runId;
}
const show = (rows: readonly (Row | PendingRow)[]): string[] =>
	rows.map(({n, id, status, ...rest}) => `${n} ${id} ${status}${'error' in rest ? ` ${rest.error.code}` : ''}`);
const namesOf = (outcomes: readonly {readonly id: string}[]): string[] => outcomes.map(({id}) => id).toSorted();

describe('a redrive', () => {
	it('runs what failed again, and nothing else; items keep their ordinals and ids', async () => {
		const ledger = openLedger();
		const runId = await runFailed(ledger);
		expect(await redriveRun(ledger.ports, runId)).toEqual({generation: 1, items: 3, isJoined: false, only: undefined});
		const {outcomes, report} = await ledger.work(runId);
		expect(outcomes.map(({n, id}) => [n, id]).toSorted(([a], [b]) => Number(a) - Number(b))).toEqual([
			[2, 'item-2'],
			[7, 'item-7'],
			[15, 'item-15'],
		]);
		expect(report).toMatchObject({generation: 1, status: 'SUCCEEDED', itemCounts: {succeeded: 20, failed: 0, total: 20}});
	});

	it('lists what succeeded in any generation, and what failed in the newest alone: no item stands twice', async () => {
		const ledger = openLedger();
		const runId = await runFailed(ledger);
		await redriveRun(ledger.ports, runId);
		await ledger.work(runId, failWith({'item-7': 'WORSE'}));
		const {SUCCEEDED, SKIPPED, FAILED, PENDING} = ledger.results(runId);
		expect(show(FAILED)).toEqual(['7 item-7 failed WORSE']);
		expect([...SUCCEEDED, ...SKIPPED, ...FAILED, ...PENDING].map(({n}) => n).toSorted((a, b) => a - b)).toEqual(
			Array.from({length: 20}, (_, n) => n),
		);
		const rows = await flat(listItems(ledger.ports, runId));
		expect(rows.map(({n}) => n)).toEqual(Array.from({length: 20}, (_, n) => n));
		expect(ledger.json(`runs/${runId}/report.json`)).toMatchObject({
			topErrors: [{code: 'WORSE', count: 1}],
			itemCounts: {succeeded: 19, failed: 1},
		});
	});

	it('of some codes runs those again, and keeps the rows of the others as they are', async () => {
		const ledger = openLedger();
		const runId = await runFailed(ledger);
		const before = ledger.results(runId).FAILED.find(({id}) => id === 'item-7');
		expect(await redriveRun(ledger.ports, runId, {only: ['GONE', 'OTHER']})).toMatchObject({items: 2, only: ['GONE', 'OTHER']});
		expect((await getRun(ledger.ports, runId)).itemCounts).toMatchObject({succeeded: 17, failed: 1, pending: 2, total: 20});
		const {outcomes, report} = await ledger.work(runId);
		expect(namesOf(outcomes)).toEqual(['item-15', 'item-2']);
		expect(report?.itemCounts).toMatchObject({succeeded: 19, failed: 1, total: 20});
		expect(ledger.results(runId).FAILED).toEqual([before]);
	});

	it('of a redrive goes on with what is still failed, whichever generation it failed in', async () => {
		const ledger = openLedger();
		const runId = await runFailed(ledger);
		await redriveRun(ledger.ports, runId, {only: ['GONE']});
		await ledger.work(runId, failWith({'item-15': 'GONE AGAIN'}));
		expect(show(ledger.results(runId).FAILED)).toEqual(['7 item-7 failed BAD', '15 item-15 failed GONE AGAIN']);
		expect(await redriveRun(ledger.ports, runId)).toMatchObject({generation: 2, items: 2});
		const {outcomes, report} = await ledger.work(runId);
		expect(namesOf(outcomes)).toEqual(['item-15', 'item-7']);
		expect(report).toMatchObject({generation: 2, status: 'SUCCEEDED', itemCounts: {succeeded: 20}});
		await expect(redriveRun(ledger.ports, runId)).rejects.toMatchObject({
			code: 'RUN_REFUSED',
			message: expect.stringContaining('has no failed item'),
		});
	});

	it('of a cancelled run takes what failed and what is pending, whatever the codes', async () => {
		const ledger = openLedger();
		const runId = await states.CANCELLED(ledger);
		expect(await redriveRun(ledger.ports, runId, {only: ['NOTHING']})).toMatchObject({items: 17});
		expect(await getRun(ledger.ports, runId)).toMatchObject({status: 'RUNNING', generation: 1, itemCounts: {succeeded: 3, pending: 17}});
		await ledger.ready(runId);
		const {outcomes, report} = await ledger.work(runId);
		expect(outcomes).toHaveLength(17);
		expect(report).toMatchObject({status: 'SUCCEEDED', itemCounts: {succeeded: 20, pending: 0}});
		expect(ledger.results(runId).PENDING).toEqual([]);
	});

	it('can be paused, cancelled and redriven like the run itself', async () => {
		const ledger = openLedger();
		const runId = await states.CANCELLED(ledger);
		await redriveRun(ledger.ports, runId);
		expect(await controlRun(ledger.ports, runId, {action: 'cancel'})).toEqual({status: 'CANCELLED', isChanged: true});
		const {report} = await ledger.work(runId);
		expect(report).toMatchObject({generation: 1, status: 'CANCELLED', itemCounts: {succeeded: 3, pending: 17}});
		expect(await redriveRun(ledger.ports, runId)).toMatchObject({generation: 2, items: 17});
		expect((await ledger.work(runId)).report).toMatchObject({status: 'SUCCEEDED', itemCounts: {succeeded: 20}});
	});

	it('is refused where nothing matches, with the codes that there are', async () => {
		const ledger = openLedger();
		const runId = await runFailed(ledger);
		const keys = ledger.keys();
		await expect(redriveRun(ledger.ports, runId, {only: ['NOPE', 'NADA']})).rejects.toMatchObject({
			code: 'RUN_REFUSED',
			message: `run ${runId} has no item that failed with NOPE or NADA; it has 2 GONE, 1 BAD`,
		});
		await expect(redriveRun(ledger.ports, runId, {only: []})).rejects.toMatchObject({code: 'RUN_REFUSED'});
		expect(ledger.keys()).toEqual(keys);
	});

	it('of a run that goes on is refused', async () => {
		const ledger = openLedger();
		const runId = await states['PAUSED by an interrupt'](ledger);
		await expect(redriveRun(ledger.ports, runId)).rejects.toMatchObject({
			code: 'RUN_REFUSED',
			message: expect.stringContaining('resume or cancel it first'),
		});
	});

	it('leaves no reader open', async () => {
		const ledger = openLedger();
		const runId = await runFailed(ledger);
		const {state} = ledger.ports;
		const open: string[] = [];
		async function* read(key: string, range?: {readonly start?: number; readonly end?: number}): AsyncGenerator<Uint8Array> {
			open.push(key);
			try {
				yield* state.read(key, range);
			} finally {
				open.splice(open.indexOf(key), 1);
			}
		}
		await redriveRun({...ledger.ports, state: {...state, read}}, runId, {only: ['GONE']});
		expect(open).toEqual([]);
	});

	it('of nobody’s run is no redrive', async () => {
		await expect(redriveRun(openLedger().ports, 'nobody')).rejects.toMatchObject({code: 'RUN_NOT_FOUND'});
	});
});

describe('two redrives', () => {
	it('at once are one: the second joins the first, and has its codes', async () => {
		const ledger = openLedger();
		const runId = await runFailed(ledger);
		const both = await Promise.all([redriveRun(ledger.ports, runId, {only: ['GONE']}), redriveRun(ledger.ports, runId)]);
		expect(both).toEqual([
			{generation: 1, items: 2, isJoined: false, only: ['GONE']},
			{generation: 1, items: 2, isJoined: true, only: ['GONE']},
		]);
		expect(ledger.keys(`runs/${runId}/`).filter(key => key.endsWith('plan.json'))).toHaveLength(2);
		const {outcomes} = await ledger.work(runId);
		expect(namesOf(outcomes)).toEqual(['item-15', 'item-2']);
	});

	it('one of which was killed before it was planned are one: the second plans it', async () => {
		let isKilled = true;
		const ledger = openLedger({
			before: ({op, key}) => {
				if (isKilled && op === 'create' && key.endsWith('/1/plan.json')) throw new Error('killed');
			},
		});
		const runId = await runFailed(ledger);
		await expect(redriveRun(ledger.ports, runId, {only: ['GONE']})).rejects.toThrow('killed');
		isKilled = false;
		expect(await getRun(ledger.ports, runId)).toMatchObject({status: 'RUNNING', generation: 1});
		expect(await redriveRun(ledger.ports, runId)).toEqual({generation: 1, items: 2, isJoined: true, only: ['GONE']});
		expect((await ledger.work(runId)).outcomes).toHaveLength(2);
	});

	it('one of which was killed of a cancelled run: whoever works on the run plans it', async () => {
		let isKilled = true;
		const ledger = openLedger({
			before: ({op, key}) => {
				if (isKilled && op === 'write' && key.includes('/1/items-')) throw new Error('killed');
			},
		});
		const runId = await states.CANCELLED(ledger);
		await expect(redriveRun(ledger.ports, runId)).rejects.toThrow('killed');
		isKilled = false;
		await ledger.ready(runId);
		expect((await ledger.work(runId)).report).toMatchObject({status: 'SUCCEEDED', generation: 1, itemCounts: {succeeded: 20}});
	});
});

describe('the work on a redrive', () => {
	it('can be interrupted and gone on with', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(20));
		await ledger.work(runId, failing(...Array.from({length: 20}, (_, n) => n)), {lanes: {attempts: 1}});
		await redriveRun(ledger.ports, runId);
		const {stages, working} = stopAfter(5, 'INTERRUPTED');
		const first = await ledger.work(runId, stages, working);
		expect(first.report).toMatchObject({
			generation: 1,
			status: 'PAUSED',
			completionReason: 'INTERRUPTED',
			itemCounts: {succeeded: 5, failed: 0, pending: 15},
		});
		expect(await getRun(ledger.ports, runId)).toMatchObject({
			generation: 1,
			status: 'PAUSED',
			itemCounts: {succeeded: 5, failed: 0, pending: 15},
		});
		await ledger.ready(runId);
		const second = await ledger.work(runId);
		expect(second.report).toMatchObject({status: 'SUCCEEDED', itemCounts: {succeeded: 20}});
		expect(namesOf([...first.outcomes, ...second.outcomes])).toEqual(namesOf(itemsOf(20)));
	});
});
