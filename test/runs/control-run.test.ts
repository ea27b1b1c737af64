import {describe, expect, it} from 'vitest';
import {type ControlAction, controlRun} from '../../src/runs/control-run.ts';
import {readControl} from '../../src/runs/control.ts';
import {endCancelled} from '../../src/runs/end-cancelled.ts';
import {type LiveStatus, getRun} from '../../src/runs/get-run.ts';
import {redriveRun} from '../../src/runs/redrive-run.ts';
import {readStanding, sessionOf} from '../../src/runs/standing.ts';
import {itemsOf, limits, openLedger} from './ledger.ts';
import {type State, failing, states} from './states.ts';

/** What CONTRACT.md says: accepted, accepted without a change, refused. And the status afterwards, where it is accepted. */
type Cell = readonly ['202', LiveStatus] | readonly ['same', LiveStatus] | '409';
const running: readonly Cell[] = [
	['202', 'PAUSED'],
	['same', 'RUNNING'],
	['202', 'CANCELLED'],
];
const told: readonly Cell[] = [
	['same', 'PAUSED'],
	['202', 'RUNNING'],
	['202', 'CANCELLED'],
];
const stopped: readonly Cell[] = [
	['202', 'PAUSED'],
	['202', 'RUNNING'],
	['202', 'CANCELLED'],
];
const ended: readonly Cell[] = ['409', '409', '409'];
const actions: readonly ControlAction[] = ['pause', 'resume', 'cancel'];

const table: Readonly<Record<State, readonly Cell[]>> = {
	PENDING: [
		['202', 'PAUSED'],
		['same', 'PENDING'],
		['202', 'CANCELLED'],
	],
	'RUNNING, not begun': running,
	'PAUSED by control': told,
	'PAUSED before it was planned': [
		['same', 'PAUSED'],
		['202', 'PENDING'],
		['202', 'CANCELLED'],
	],
	'PAUSED by an interrupt': stopped,
	'PAUSED at a deadline': stopped,
	'FAILED by tolerance': ['409', ['202', 'RUNNING'], ['202', 'CANCELLED']],
	'FAILED by tolerance, sealed': ['409', ['202', 'FAILED'], ['202', 'CANCELLED']],
	SUCCEEDED: ended,
	'SUCCEEDED within its tolerance': ended,
	FAILED: ended,
	'CANCELLED, not ended yet': ['409', '409', ['same', 'CANCELLED']],
	CANCELLED: ['409', '409', ['same', 'CANCELLED']],
};

describe.each(Object.keys(table) as State[])('a run that is %s', state => {
	it.each(actions)('meets %s as the table says', async action => {
		const ledger = openLedger();
		const runId = await states[state](ledger);
		const before = await getRun(ledger.ports, runId);
		const keys = ledger.keys();
		const cell = table[state][actions.indexOf(action)] ?? '409';
		const controlled = controlRun(ledger.ports, runId, {action});
		if (cell === '409') {
			await expect(controlled).rejects.toMatchObject({code: 'RUN_REFUSED', message: expect.stringContaining(`run ${runId}`)});
			expect(ledger.keys()).toEqual(keys);
			expect(await getRun(ledger.ports, runId)).toEqual(before);
			return;
		}
		const [change, status] = cell;
		expect(await controlled).toEqual({status, isChanged: change === '202'});
		expect(await getRun(ledger.ports, runId)).toMatchObject({status});
		expect(ledger.keys().length - keys.length).toBe(change === '202' ? 1 : 0);
	});

	it('says why it meets a redrive as it does', async () => {
		const ledger = openLedger();
		const runId = await states[state](ledger);
		const allowed: Partial<Record<State, number>> = {FAILED: 2, 'SUCCEEDED within its tolerance': 1, CANCELLED: 17};
		const items = allowed[state];
		if (items === undefined) await expect(redriveRun(ledger.ports, runId)).rejects.toMatchObject({code: 'RUN_REFUSED'});
		else expect(await redriveRun(ledger.ports, runId)).toMatchObject({generation: 1, items, isJoined: false});
	});
});

describe('a control', () => {
	it('of two at once is told one after the other', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(20));
		const both = await Promise.all([
			controlRun(ledger.ports, runId, {action: 'pause'}),
			controlRun(ledger.ports, runId, {action: 'cancel'}),
		]);
		expect(both.map(({isChanged}) => isChanged)).toEqual([true, true]);
		expect(await readControl(ledger.ports, runId)).toMatchObject({k: 2, state: 'cancelled'});
	});

	it('is refused to whoever comes after a cancel, also when both came at once', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(20));
		const [cancelled, paused] = await Promise.allSettled([
			controlRun(ledger.ports, runId, {action: 'cancel'}),
			controlRun(ledger.ports, runId, {action: 'pause'}),
		]);
		expect(cancelled).toMatchObject({status: 'fulfilled', value: {status: 'CANCELLED'}});
		expect(paused).toMatchObject({status: 'rejected', reason: {code: 'RUN_REFUSED'}});
	});

	it('may carry new terms, which hold until others come', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(20), {session: {attempts: 2}});
		const terms = async () => sessionOf(await readStanding(ledger.ports, runId));
		expect(await terms()).toEqual({attempts: 2});
		await controlRun(ledger.ports, runId, {action: 'resume', session: {toleratedFailureCount: 3}});
		expect(await terms()).toEqual({toleratedFailureCount: 3});
		await controlRun(ledger.ports, runId, {action: 'pause'});
		await controlRun(ledger.ports, runId, {action: 'resume'});
		expect(await terms()).toEqual({toleratedFailureCount: 3});
		await controlRun(ledger.ports, runId, {action: 'resume', session: {}});
		expect(await terms()).toEqual({});
	});

	it('counts by its number, not by its text, and is refused when it is damaged', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(20));
		for (let k = 0; k < 11; k++) await controlRun(ledger.ports, runId, {action: k % 2 === 0 ? 'pause' : 'resume'});
		expect(await readControl(ledger.ports, runId)).toMatchObject({k: 11, state: 'paused'});
		await ledger.edit(`runs/${runId}/control-11.json`, text => text.replace('paused', 'asleep'));
		await expect(getRun(ledger.ports, runId)).rejects.toMatchObject({
			code: 'STATE_INVALID',
			message: expect.stringContaining('control-11.json'),
		});
	});
});

describe('a run that stopped at its tolerance', () => {
	it('goes on with another tolerance, and ends by it', async () => {
		const ledger = openLedger();
		const runId = await states['FAILED by tolerance'](ledger);
		await controlRun(ledger.ports, runId, {action: 'resume', session: {toleratedFailureCount: 1}});
		const {report} = await ledger.work(runId, failing(0), {lanes: {attempts: 1}});
		expect(report).toMatchObject({
			status: 'SUCCEEDED',
			completionReason: 'ALL_COMPLETED',
			itemCounts: {succeeded: 19, failed: 1, total: 20},
		});
	});

	it('whose items have all ended is only judged again', async () => {
		const ledger = openLedger();
		const runId = await states['FAILED by tolerance, sealed'](ledger);
		expect(await getRun(ledger.ports, runId)).toMatchObject({status: 'FAILED', completionReason: 'FAILURE_TOLERANCE_EXCEEDED'});
		await controlRun(ledger.ports, runId, {action: 'resume', session: {toleratedFailureCount: 1}});
		expect(await getRun(ledger.ports, runId)).toMatchObject({status: 'SUCCEEDED', completionReason: 'ALL_COMPLETED'});
		const {outcomes, report} = await ledger.work(runId);
		expect(outcomes).toEqual([]);
		expect(report).toMatchObject({status: 'SUCCEEDED', completionReason: 'ALL_COMPLETED'});
	});

	it('can be cancelled, and then redriven', async () => {
		const ledger = openLedger();
		const runId = await states['FAILED by tolerance'](ledger);
		await controlRun(ledger.ports, runId, {action: 'cancel'});
		await endCancelled(ledger.ports, runId, {limits});
		expect(await redriveRun(ledger.ports, runId)).toMatchObject({items: 20});
		const {report} = await ledger.work(runId);
		expect(report).toMatchObject({generation: 1, itemCounts: {succeeded: 20, failed: 0, pending: 0}});
	});
});
