import {describe, expect, it} from 'vitest';
import {controlRun} from '../../src/runs/control-run.ts';
import {redriveRun} from '../../src/runs/redrive-run.ts';
import type {Orchestrated} from '../../src/runs/orchestration.ts';
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
	return {
		asked,
		errors,
		swept: sweepRuns(ledger.ports, {orchestrate, remainingMs: () => Infinity, onError, stack: 'ours', random: () => 0, ...options}),
	};
}

describe('the sweep', () => {
	it('takes up a run whose creator was killed before he could start anybody', async () => {
		const ledger = openLedger({isShared: true});
		const {runId} = await ledger.create({stack: 'ours'});
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
		const ended = await ledger.plan(itemsOf(3), {runId: 'ended', stack: 'ours', engine: 'lambda'});
		await fleet.orchestrate(ended.runId);
		const paused = await ledger.plan(itemsOf(3), {runId: 'paused', stack: 'ours'});
		await controlRun(ledger.ports, paused.runId, {action: 'pause'});
		const exceeded = await ledger.plan(itemsOf(30), {
			runId: 'exceeded',
			stack: 'ours',
			engine: 'lambda',
			session: {toleratedFailureCount: 1},
		});
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
		const exceeded = await ledger.plan(itemsOf(30), {
			runId: 'a-resumed',
			stack: 'ours',
			engine: 'lambda',
			session: {toleratedFailureCount: 1},
		});
		await fleet.orchestrate(exceeded.runId);
		await controlRun(ledger.ports, exceeded.runId, {action: 'resume', session: {toleratedFailureCount: 100}});
		const failed = await ledger.plan(itemsOf(3), {runId: 'b-redriven', stack: 'ours', engine: 'lambda'});
		await fleet.orchestrate(failed.runId);
		await redriveRun(ledger.ports, failed.runId);
		const cancelled = await ledger.plan(itemsOf(3), {runId: 'c-cancelled', stack: 'ours'});
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

	it('leaves runs of a laptop and of other stacks to their own, and those that somebody works on', async () => {
		const ledger = openLedger({isShared: true});
		await ledger.create({runId: 'laptop'});
		await ledger.create({runId: 'theirs', stack: 'theirs', identity: {limit: 1}});
		await ledger.create({runId: 'busy', stack: 'ours', identity: {limit: 2}});
		const ports = {...ledger.ports, isWorkedOn: async (runId: string) => runId === 'busy'};
		const {asked, swept} = sweep({...ledger, ports});
		expect(await swept).toEqual({looked: 3, taken: []});
		expect(asked).toEqual([]);
	});

	it('begins elsewhere each time, so that no run can keep it from the others', async () => {
		const ledger = openLedger({isShared: true});
		for (const runId of ['a', 'b', 'c']) await ledger.create({runId, stack: 'ours', identity: {flow: runId}});
		const {asked, swept} = sweep(ledger, {random: () => 0.4});
		await swept;
		expect(asked).toEqual(['b', 'c', 'a']);
	});

	it('goes on with the next run after an error, and says which it was', async () => {
		const ledger = openLedger({isShared: true});
		await ledger.create({runId: 'bad', stack: 'ours'});
		await ledger.create({runId: 'good', stack: 'ours', identity: {limit: 1}});
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
		const {runId} = await ledger.create({stack: 'ours'});
		await ledger.edit(`runs/${runId}/run.json`, text => text.replace('"flow": "test"', '"flow": "other"'));
		const {asked, swept} = sweep(ledger);
		expect(await swept).toEqual({looked: 1, taken: []});
		expect(asked).toEqual([]);
	});

	it('stops when its own time is up', async () => {
		const ledger = openLedger({isShared: true});
		for (const runId of ['a', 'b', 'c']) await ledger.create({runId, stack: 'ours', identity: {flow: runId}});
		let left = 100_000;
		const {asked, swept} = sweep(ledger, {remainingMs: () => (left -= 30_000)});
		expect(await swept).toMatchObject({looked: 1});
		expect(asked).toEqual(['a']);
		expect(ledger.keys('active/')).toHaveLength(3);
	});
});
