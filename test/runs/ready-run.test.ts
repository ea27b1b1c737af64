import {describe, expect, it} from 'vitest';
import {ManifestError} from '../../src/manifest/manifest-error.ts';
import {controlRun} from '../../src/runs/control-run.ts';
import {planRun} from '../../src/runs/plan-run.ts';
import {readyRun} from '../../src/runs/ready-run.ts';
import type {SessionOptions} from '../../src/runs/spec.ts';
import {sessionOf} from '../../src/runs/standing.ts';
import {makeFlow} from '../support/lane-setup.ts';
import {type Ledger, itemsOf, linesOf, openLedger, sourceOf} from './ledger.ts';
import {type State, states} from './states.ts';

const flow = makeFlow({});

/** Makes it ready, and says how often it was told something, and how it stands. */
async function ready(ledger: Ledger, runId: string, session?: SessionOptions) {
	const standing = await readyRun(ledger.ports, runId, {flow, session, open: () => sourceOf(itemsOf(20))});
	return {controls: ledger.keys(`runs/${runId}/control-`).length, state: standing.control.state, terms: sessionOf(standing), standing};
}

describe('readyRun', () => {
	it('plans a run that has no plan, once', async () => {
		const ledger = openLedger();
		const runId = await states.PENDING(ledger);
		const {standing, controls} = await ready(ledger, runId);
		expect(standing.generations[0]?.plan).toHaveLength(2);
		expect(controls).toBe(0);
		const keys = ledger.keys();
		await ready(ledger, runId);
		expect(ledger.keys()).toEqual(keys);
	});

	it.each([
		['RUNNING, not begun', 0, 'running'],
		['PAUSED by control', 2, 'running'],
		['PAUSED by an interrupt', 1, 'running'],
		['FAILED by tolerance', 1, 'running'],
		['FAILED by tolerance, sealed', 0, 'running'],
		['SUCCEEDED', 0, 'running'],
		['FAILED', 0, 'running'],
		['CANCELLED, not ended yet', 1, 'cancelled'],
		['CANCELLED', 1, 'cancelled'],
	] satisfies [State, number, string][])('tells a run that is %s what it needs, and no more', async (state, controls, word) => {
		const ledger = openLedger();
		const runId = await states[state](ledger);
		expect(await ready(ledger, runId)).toMatchObject({controls, state: word});
		expect(await ready(ledger, runId)).toMatchObject({controls, state: word});
	});

	it('leaves a pause that came while it was planning', async () => {
		const ledger = openLedger();
		const runId = await states.PENDING(ledger);
		const open = () => {
			// Told by somebody else, in the middle of it.
			const {rows, ...source} = sourceOf(itemsOf(20));
			async function* paused(): typeof rows extends AsyncIterable<infer Batch> ? AsyncGenerator<Batch> : never {
				await controlRun(ledger.ports, runId, {action: 'pause'});
				yield* rows;
			}
			return {...source, rows: paused()};
		};
		const {control, generations} = await readyRun(ledger.ports, runId, {flow, session: {}, open});
		expect(generations).toHaveLength(1);
		expect(control.state).toBe('paused');
		const {outcomes, report} = await ledger.work(runId);
		expect(outcomes).toEqual([]);
		expect(report).toMatchObject({status: 'PAUSED', completionReason: 'PAUSED'});
	});

	it('takes other terms, keeps those in force when there are none, and says nothing when they are the same', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(20), {session: {attempts: 2}});
		expect(await ready(ledger, runId)).toMatchObject({controls: 0, terms: {attempts: 2}});
		expect(await ready(ledger, runId, {attempts: 2})).toMatchObject({controls: 0, terms: {attempts: 2}});
		expect(await ready(ledger, runId, {attempts: 3})).toMatchObject({controls: 1, terms: {attempts: 3}});
		expect(await ready(ledger, runId)).toMatchObject({controls: 1, terms: {attempts: 3}});
		expect(await ready(ledger, runId, {})).toMatchObject({controls: 2, terms: {}});
	});

	it('gives an ended run another end only where the tolerance decides it', async () => {
		const ledger = openLedger();
		const failed = await states['FAILED by tolerance, sealed'](ledger);
		expect(await ready(ledger, failed, {toleratedFailureCount: 5})).toMatchObject({controls: 1, terms: {toleratedFailureCount: 5}});
		const done = (await ledger.plan(itemsOf(20), {isFresh: true})).runId;
		await ledger.work(done);
		expect(await ready(ledger, done, {toleratedFailureCount: 5})).toMatchObject({controls: 0, terms: {}});
	});
});

describe('planRun', () => {
	it('makes the items of a run once: what it is told later changes nothing', async () => {
		const ledger = openLedger();
		const spec = await ledger.plan(itemsOf(20));
		const keys = ledger.keys();
		const plan = await planRun(ledger.ports, {spec, flow, sources: [sourceOf([])]});
		expect(plan).toHaveLength(2);
		expect(ledger.keys()).toEqual(keys);
	});

	it('by two at once is the plan of one, and the items of the other one are gone', async () => {
		const ledger = openLedger();
		const spec = await ledger.create();
		const plans = await Promise.all([0, 1].map(() => planRun(ledger.ports, {spec, flow, sources: [sourceOf(itemsOf(20))]})));
		expect(plans[0]).toEqual(plans[1]);
		expect(ledger.keys(`runs/${spec.runId}/0/items-`)).toEqual([`runs/${spec.runId}/${plans[0]?.[0]?.items}`]);
	});

	it('keeps the first item of each source, counts the repeats, and tells before the plan counts', async () => {
		const ledger = openLedger();
		const spec = await ledger.create();
		let told: unknown;
		const rows = [{file: '/a'}, {file: '/b'}, {file: '/a'}, {id: 'x', file: '/a'}];
		const plan = await planRun(ledger.ports, {
			spec,
			flow,
			sources: [sourceOf(rows)],
			onItems: ({total, repeats}) => void (told = {total, repeats}),
		});
		expect(told).toEqual({total: 3, repeats: 1});
		expect(plan).toMatchObject([{count: 3, repeats: 1}]);
		const text = ledger.state.objects.get(`runs/${spec.runId}/${plan[0]?.items}`)?.text ?? '';
		expect(linesOf(text).map(line => (JSON.parse(line) as {id: string}).id)).toEqual(['/a', '/b', 'x']);
	});

	it('of a list that cannot be used leaves nothing but the run', async () => {
		const ledger = openLedger();
		const spec = await ledger.create();
		const keys = ledger.keys();
		const twice = [
			{id: 'a', file: '/a'},
			{id: 'a', file: '/b'},
		];
		await expect(planRun(ledger.ports, {spec, flow, sources: [sourceOf(twice)]})).rejects.toThrow(ManifestError);
		expect(ledger.keys()).toEqual(keys);
	});

	it('is given up with the signal', async () => {
		const ledger = openLedger();
		const spec = await ledger.create();
		const keys = ledger.keys();
		const signal = AbortSignal.abort(new Error('given up'));
		await expect(planRun(ledger.ports, {spec, flow, sources: [sourceOf(itemsOf(3))], signal})).rejects.toThrow('given up');
		expect(ledger.keys()).toEqual(keys);
	});
});
