import {describe, expect, it} from 'vitest';
import {type State, states} from '../runs/states.ts';
import {openApiWorld, readProblem} from './api-world.ts';

type Cell = 202 | 409;
/** The table of the API: pause, resume, cancel, redrive. */
const table: Readonly<Record<State, readonly [pause: Cell, resume: Cell, cancel: Cell, redrive: Cell]>> = {
	PENDING: [202, 202, 202, 409],
	'RUNNING, not begun': [202, 202, 202, 409],
	'PAUSED by control': [202, 202, 202, 409],
	'PAUSED before it was planned': [202, 202, 202, 409],
	'PAUSED by an interrupt': [202, 202, 202, 409],
	'PAUSED at a deadline': [202, 202, 202, 409],
	'FAILED by tolerance': [409, 202, 202, 409],
	'FAILED by tolerance, sealed': [409, 202, 202, 409],
	SUCCEEDED: [409, 409, 409, 409],
	'SUCCEEDED within its tolerance': [409, 409, 409, 202],
	FAILED: [409, 409, 409, 202],
	'CANCELLED, not ended yet': [409, 409, 202, 202],
	CANCELLED: [409, 409, 202, 202],
};
const actions = ['pause', 'resume', 'cancel', 'redrive'] as const;

const cells = Object.entries(table).flatMap(([state, row]) =>
	actions.map((action, index) => ({state: state as State, action, status: row[index] as Cell})),
);

const statusAfter = {
	pause: ['PAUSED'],
	resume: ['PENDING', 'RUNNING', 'FAILED'],
	cancel: ['CANCELLED'],
	redrive: ['RUNNING'],
};

describe('the state table', () => {
	it.each(cells)('$action of a run that is $state: $status', async ({state, action, status}) => {
		const world = openApiWorld();
		const runId = await states[state](world);
		const before = world.keys(`runs/${runId}/`);

		const response = await world.post(`/runs/${runId}/${action}`);
		expect(response.status).toBe(status);
		if (status === 202) {
			expect(response.headers.get('location')).toBe(`/runs/${runId}`);
			expect(response.headers.get('retry-after')).toMatch(/^\d+$/u);
			expect(statusAfter[action]).toContain(((await response.json()) as {readonly status: string}).status);
			expect(world.started.includes(runId)).toBe(action !== 'pause');
		} else {
			expect(await readProblem(response)).toMatchObject({code: 'RUN_REFUSED', status, type: 'application/problem+json'});
			expect(world.keys(`runs/${runId}/`)).toEqual(before);
			expect(world.started).toEqual([]);
		}
	});

	it.each([
		['resume', 'PENDING'],
		['resume', 'RUNNING, not begun'],
		['pause', 'PAUSED by control'],
		['cancel', 'CANCELLED'],
	] as const)('%s changes nothing in a run that is %s', async (action, state) => {
		const world = openApiWorld();
		const runId = await states[state](world);
		const before = world.keys(`runs/${runId}/control-`);
		const view = await (await world.get(`/runs/${runId}`)).json();
		expect(await (await world.post(`/runs/${runId}/${action}`)).json()).toEqual(view);
		expect(world.keys(`runs/${runId}/control-`)).toEqual(before);
	});

	it('resumes with another tolerance, and keeps the other terms', async () => {
		const world = openApiWorld();
		const runId = await states['FAILED by tolerance'](world);
		await world.post(`/runs/${runId}/resume`, {limits: {ioConcurrency: 3}});
		await world.post(`/runs/${runId}/pause`);
		expect((await world.post(`/runs/${runId}/resume`, {toleratedFailureCount: 7, limits: {threads: 'auto'}})).status).toBe(202);
		expect(world.json(`runs/${runId}/control-3.json`)).toMatchObject({
			state: 'running',
			session: {toleratedFailureCount: 7, limits: {ioConcurrency: 3, threads: 'auto'}},
		});
	});

	it('leaves the terms of a run that goes on as they are', async () => {
		const world = openApiWorld();
		const runId = await states['RUNNING, not begun'](world);
		expect((await world.post(`/runs/${runId}/resume`, {toleratedFailureCount: 7})).status).toBe(202);
		expect(world.keys(`runs/${runId}/control-`)).toEqual([]);
	});

	it('redrives only what failed with the codes given, and refuses codes that nothing failed with', async () => {
		const world = openApiWorld();
		const runId = await states.FAILED(world);
		const refusal = await world.post(`/runs/${runId}/redrive`, {only: ['HTTP_STATUS']});
		expect(await readProblem(refusal)).toMatchObject({http: 409, detail: expect.stringContaining('2 FETCH_FAILED')});
		const redriven = await world.post(`/runs/${runId}/redrive`, {only: ['FETCH_FAILED']});
		expect(await redriven.json()).toMatchObject({status: 'RUNNING', generation: 1, itemCounts: {pending: 2, failed: 0}});
	});

	it('says so when a cancelled run is still being ended after a while', async () => {
		const world = openApiWorld({}, {start: async () => {}});
		const runId = await states['CANCELLED, not ended yet'](world);
		expect((await readProblem(await world.post(`/runs/${runId}/redrive`))).detail).toMatch(/has not ended/u);
		expect(world.clock.nowMs()).toBeGreaterThanOrEqual(10_000);
		expect(world.clock.pending).toBe(0);
	});

	it.each(actions)('%s of a run that is not there: 404', async action => {
		const world = openApiWorld();
		for (const id of ['none', '..%2F..%2Factive', 'A', '%ff', 'x'.repeat(65)]) {
			expect(await readProblem(await world.post(`/runs/${id}/${action}`))).toMatchObject({http: 404, code: 'RUN_NOT_FOUND'});
		}
		expect(world.keys()).toEqual([]);
	});
});
