import {describe, expect, it} from 'vitest';
import {TwolaneError} from '../../src/lanes/errors.ts';
import type {Outcome} from '../../src/lanes/outcome.ts';
import {type OrchestratedOptions, orchestratedRun} from '../../src/local/orchestrated-run.ts';
import type {Report} from '../../src/lanes/snapshot.ts';
import type {LambdaEngine} from '../../src/runs/engine.ts';
import {getRun} from '../../src/runs/get-run.ts';
import {type Fleet, openFleet, openStateMachine} from '../runs/fleet.ts';
import {type Ledger, itemsOf, openLedger} from '../runs/ledger.ts';
import {laneSetup} from '../support/lane-setup.ts';

const lambda = {engine: 'lambda', maxWorkers: 4} as const;

interface Worked {
	readonly outcomes: readonly Outcome[];
	readonly report: Report;
}

function open(ledger: Ledger, runId: string, options: Partial<OrchestratedOptions> & Pick<OrchestratedOptions, 'engine'>) {
	return orchestratedRun(ledger.ports, runId, {
		lanes: laneSetup({fetch: async (item: unknown) => item}, {clock: ledger.clock}),
		openSource: () => () => {
			throw new Error('the run is planned');
		},
		isReplaying: true,
		...options,
	});
}

async function work(ledger: Ledger, run: ReturnType<typeof open>): Promise<Worked> {
	const outcomes: Outcome[] = [];
	const report = await ledger.clock.finish(run.work(async outcome => void outcomes.push(outcome)));
	return {outcomes, report};
}

const using = ({engine}: Fleet) => ({engine});

describe('a run whose items are worked on elsewhere', () => {
	it('gives every outcome with its item, in the order of the manifest, when all have ended', async () => {
		const ledger = openLedger({isShared: true});
		const fleet = openFleet(ledger);
		const {runId} = await ledger.plan(itemsOf(100), lambda);
		const run = open(ledger, runId, using(fleet));
		expect(run.snapshot().itemCounts).toMatchObject({pending: 0});
		const {outcomes, report} = await work(ledger, run);
		expect(outcomes.map(({n, item}) => ({n, item}))).toEqual(itemsOf(100).map((item, n) => ({n, item})));
		expect(report).toMatchObject({completionReason: 'ALL_COMPLETED', itemCounts: {succeeded: 100}});
		expect(run.snapshot()).toEqual(report);
		expect(fleet.calls).toHaveLength(10);
		expect(ledger.clock.pending).toBe(0);
	});

	it('that has ended is told again, and nobody is called', async () => {
		const ledger = openLedger({isShared: true});
		const {runId} = await ledger.plan(itemsOf(20), lambda);
		const first = await work(ledger, open(ledger, runId, using(openFleet(ledger))));
		const idle = openFleet(ledger);
		expect(await work(ledger, open(ledger, runId, using(idle)))).toEqual(first);
		expect(idle.calls).toEqual([]);
	});

	it('is paused by a stop: workers drain, the rest stays pending', async () => {
		const ledger = openLedger({isShared: true});
		const stopping = new AbortController();
		const fetch = async (item: {readonly id: string}) => {
			if (item.id === 'item-2') stopping.abort('INTERRUPTED');
			await ledger.clock.sleep(2000);
			return item;
		};
		const {runId} = await ledger.plan(itemsOf(100), lambda);
		const {outcomes, report} = await work(
			ledger,
			open(ledger, runId, {...using(openFleet(ledger, {stages: {fetch}})), stop: stopping.signal}),
		);
		expect(report.completionReason).toBe('PAUSED');
		expect(outcomes.length).toBeGreaterThan(2);
		expect(outcomes.length).toBeLessThan(40);
		expect(report.itemCounts).toMatchObject({succeeded: outcomes.length, pending: 100 - outcomes.length});
		expect(await getRun(ledger.ports, runId)).toMatchObject({status: 'PAUSED'});
	});

	it('that is stopped before it begins sends out nobody', async () => {
		const ledger = openLedger({isShared: true});
		const fleet = openFleet(ledger);
		const {runId} = await ledger.plan(itemsOf(10), lambda);
		const {outcomes, report} = await work(ledger, open(ledger, runId, {...using(fleet), stop: AbortSignal.abort('INTERRUPTED')}));
		expect({outcomes, reason: report.completionReason, calls: fleet.calls}).toEqual({outcomes: [], reason: 'PAUSED', calls: []});
	});

	it('throws the reason of its signal', async () => {
		const ledger = openLedger({isShared: true});
		const giving = new AbortController();
		const fetch = async () => {
			giving.abort(new Error('given up'));
			await ledger.clock.sleep(60_000);
		};
		const {runId} = await ledger.plan(itemsOf(10), lambda);
		const run = open(ledger, runId, {...using(openFleet(ledger, {stages: {fetch}})), signal: giving.signal});
		await expect(work(ledger, run)).rejects.toThrow('given up');
	});

	it('throws what no second try will cure, and goes on when it is cured', async () => {
		const ledger = openLedger({isShared: true});
		const fleet = openFleet(ledger);
		const {runId} = await ledger.plan(itemsOf(20), lambda);
		const denied: LambdaEngine = {
			name: 'lambda',
			invoke: async () => {
				throw new TwolaneError('ENGINE_DENIED', 'there is no function worker', {retryable: false});
			},
		};
		await expect(work(ledger, open(ledger, runId, {engine: denied}))).rejects.toMatchObject({
			code: 'ENGINE_DENIED',
			message: expect.stringContaining('there is no function worker'),
		});
		await ledger.ready(runId);
		expect((await work(ledger, open(ledger, runId, using(fleet)))).outcomes).toHaveLength(20);
	});

	it('waits for a state machine, and finishes the run itself when nobody else has', async () => {
		const ledger = openLedger({isShared: true, uri: 's3://bucket/out/.twolane'});
		const machine = openStateMachine();
		const fleet = openFleet(ledger);
		const {runId} = await ledger.plan(itemsOf(20), {engine: 'distributed-map', maxWorkers: 4});
		const run = open(ledger, runId, {engine: machine.engine});
		// What the machine would do, some time later.
		ledger.clock.after(12_000, async () => {
			const [execution] = machine.started;
			if (execution === undefined) throw new Error('nothing was started');
			const plan = ledger.json(execution.plan.key.slice('out/.twolane/'.length)) as Parameters<Fleet['engine']['invoke']>[0]['shard'][];
			const {runId: id, generation, life} = execution;
			for (const shard of plan) await fleet.engine.invoke({runId: id, generation, shard, life}, {signal: new AbortController().signal});
			machine.end(execution.name);
		});
		const {outcomes, report} = await work(ledger, run);
		expect(machine.started).toHaveLength(1);
		expect(outcomes).toHaveLength(20);
		expect(report).toMatchObject({completionReason: 'ALL_COMPLETED', itemCounts: {succeeded: 20}});
	});
});
