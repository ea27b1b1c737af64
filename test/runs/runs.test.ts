import {expect, it} from 'vitest';
import {openRuns} from '../../src/runs/runs.ts';
import {makeFlow} from '../support/lane-setup.ts';
import {flat, identity, itemsOf, limits, openLedger, sourceOf} from './ledger.ts';
import {failing} from './states.ts';

it('has eight functions, and a run goes through all of them', async () => {
	const ledger = openLedger();
	const runs = openRuns(ledger.ports, {limits});
	expect(Object.keys(runs).toSorted()).toEqual([
		'controlRun',
		'createRun',
		'getReport',
		'getRun',
		'listItems',
		'listRuns',
		'planRun',
		'redriveRun',
	]);
	const {spec} = await runs.createRun({identity, session: {}, maxWorkers: 1});
	const {runId} = spec;
	expect(await runs.getRun(runId)).toMatchObject({status: 'PENDING'});
	expect(await runs.planRun({spec, flow: makeFlow({}), sources: [sourceOf(itemsOf(12))]})).toHaveLength(2);
	expect(await runs.controlRun(runId, {action: 'pause'})).toEqual({status: 'PAUSED', isChanged: true});
	expect(await runs.controlRun(runId, {action: 'resume', session: {attempts: 1}})).toEqual({status: 'RUNNING', isChanged: true});
	expect(await runs.getReport(runId)).toBeUndefined();
	await ledger.work(runId, failing(4), {lanes: {attempts: 1}});
	expect(await runs.getReport(runId)).toMatchObject({status: 'FAILED', limits, itemCounts: {failed: 1}});
	expect((await flat(runs.listItems(runId, {status: 'failed', after: 3}))).map(({n}) => n)).toEqual([4]);
	expect(await runs.redriveRun(runId, {only: ['FETCH_FAILED']})).toMatchObject({generation: 1, items: 1});
	await ledger.work(runId);
	expect(await runs.getRun(runId)).toMatchObject({status: 'SUCCEEDED', generation: 1});
	expect((await runs.listRuns({limit: 1})).runs.map(({id}) => id)).toEqual([runId]);
});
