import {describe, expect, it} from 'vitest';
import {controlRun} from '../../src/runs/control-run.ts';
import {redriveRun} from '../../src/runs/redrive-run.ts';
import type {Orchestrated} from '../../src/runs/orchestrate.ts';
import {type SweepOptions, sweepRuns} from '../../src/runs/sweep.ts';
import {openFleet} from './fleet.ts';
import {type Ledger, itemsOf, openLedger} from './ledger.ts';

const hour = 60 * 60_000;

function sweep(ledger: Ledger, options: Partial<SweepOptions> = {}) {
	const asked: string[] = [];
	const errors: unknown[] = [];
	const orchestrate = async (runId: string): Promise<Orchestrated> => {
		asked.push(runId);
		return {state: 'open'};
	};
	const onError = (_: string, error: unknown): void => void errors.push(error);
	return {asked, errors, swept: sweepRuns(ledger.ports, {orchestrate, remainingMs: () => Infinity, onError, ...options})};
}

describe('the sweep', () => {
	it('takes up a run whose creator was killed before he could start anybody', async () => {
		const ledger = openLedger({isShared: true});
		const {runId} = await ledger.create();
		const {asked, swept} = sweep(ledger);
		expect(await swept).toEqual({looked: 1, taken: [{runId, state: 'open'}]});
		expect(asked).toEqual([runId]);
	});

	it('leaves what has ended, is paused, or has exceeded its tolerance', async () => {
		const ledger = openLedger({isShared: true});
		const fleet = openFleet(ledger, {
			stages: {
				fetch: async () => {
					throw new Error('no');
				},
			},
		});
		const ended = await ledger.plan(itemsOf(3), {runId: 'ended', engine: 'lambda'});
		await fleet.orchestrate(ended.runId);
		const paused = await ledger.plan(itemsOf(3), {runId: 'paused'});
		await controlRun(ledger.ports, paused.runId, {action: 'pause'});
		const exceeded = await ledger.plan(itemsOf(30), {runId: 'exceeded', engine: 'lambda', session: {toleratedFailureCount: 1}});
		expect(await fleet.orchestrate(exceeded.runId)).toMatchObject({state: 'stopped', reason: 'FAILURE_TOLERANCE_EXCEEDED'});
		const {asked, swept} = sweep(ledger);
		expect(await swept).toMatchObject({looked: 2});
		expect(asked).toEqual([]);
	});

	it('takes up what was resumed, redriven or cancelled and left', async () => {
		const ledger = openLedger({isShared: true});
		const failing = {
			fetch: async () => {
				throw new Error('no');
			},
		};
		const fleet = openFleet(ledger, {stages: failing});
		const exceeded = await ledger.plan(itemsOf(30), {runId: 'a-resumed', engine: 'lambda', session: {toleratedFailureCount: 1}});
		await fleet.orchestrate(exceeded.runId);
		await controlRun(ledger.ports, exceeded.runId, {action: 'resume', session: {toleratedFailureCount: 100}});
		const failed = await ledger.plan(itemsOf(3), {runId: 'b-redriven', engine: 'lambda'});
		await fleet.orchestrate(failed.runId);
		await redriveRun(ledger.ports, failed.runId);
		const cancelled = await ledger.plan(itemsOf(3), {runId: 'c-cancelled'});
		await controlRun(ledger.ports, cancelled.runId, {action: 'cancel'});
		const {asked, swept} = sweep(ledger);
		await swept;
		expect(asked).toEqual(['a-resumed', 'b-redriven', 'c-cancelled']);
	});

	it('drops the key of a run that was never made, after an hour', async () => {
		const wall = {ms: Date.UTC(2026, 0, 1)};
		const ledger = openLedger({isShared: true, wallMs: () => wall.ms});
		await ledger.state.create('active/never', '');
		ledger.wall.ms = wall.ms + hour;
		await sweep(ledger).swept;
		expect(ledger.keys('active/')).toEqual(['active/never']);
		ledger.wall.ms++;
		await sweep(ledger).swept;
		expect(ledger.keys('active/')).toEqual([]);
	});

	it('goes on with the next run after an error, and says which it was', async () => {
		const ledger = openLedger({isShared: true});
		await ledger.create({runId: 'bad'});
		await ledger.create({runId: 'good', identity: {limit: 1}});
		const failing = async (runId: string): Promise<Orchestrated> => {
			if (runId === 'bad') throw new Error('no such function');
			return {state: 'open'};
		};
		const errors: string[] = [];
		const {swept} = sweep(ledger, {orchestrate: failing, onError: (runId, error) => void errors.push(`${runId}: ${String(error)}`)});
		expect(await swept).toEqual({looked: 2, taken: [{runId: 'good', state: 'open'}]});
		expect(errors).toEqual(['bad: Error: no such function']);
	});

	it('passes a run by whose records were damaged', async () => {
		const ledger = openLedger({isShared: true});
		const {runId} = await ledger.create();
		await ledger.edit(`runs/${runId}/run.json`, text => text.replace('"flow": "test"', '"flow": "other"'));
		const {asked, swept} = sweep(ledger);
		expect(await swept).toEqual({looked: 1, taken: []});
		expect(asked).toEqual([]);
	});

	it('stops when its own time is up', async () => {
		const ledger = openLedger({isShared: true});
		for (const runId of ['a', 'b', 'c']) await ledger.create({runId, identity: {flow: runId}});
		let left = 100_000;
		const {asked, swept} = sweep(ledger, {remainingMs: () => (left -= 30_000)});
		expect(await swept).toMatchObject({looked: 1});
		expect(asked).toEqual(['a']);
		expect(ledger.keys('active/')).toHaveLength(3);
	});
});
