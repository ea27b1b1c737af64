import {describe, expect, it} from 'vitest';
import {controlRun} from '../../src/runs/control-run.ts';
import {finishRun, readReport} from '../../src/runs/finish.ts';
import {getReport} from '../../src/runs/get-report.ts';
import type {Shard} from '../../src/runs/plan.ts';
import {redriveRun} from '../../src/runs/redrive-run.ts';
import {createRowTally} from '../../src/runs/row-stats.ts';
import type {Row} from '../../src/runs/row.ts';
import type {Seal} from '../../src/runs/seal.ts';
import {type Standing, readStanding} from '../../src/runs/standing.ts';
import type {Work} from '../../src/runs/work-record.ts';
import {type Ledger, itemsOf, limits, openLedger, row, workOf} from './ledger.ts';
import {failing, states, stopAfter} from './states.ts';

function sealOf(shard: number, rows: readonly Row[], works: readonly Work[] = []): Seal {
	const tally = createRowTally();
	for (const one of rows) tally.add(one);
	return {shard, claim: 1, files: {}, stats: tally.stats(), works: [...works]};
}

/** A standing of shards with these works, all sealed. */
async function standingOf(ledger: Ledger, works: readonly (readonly Work[])[]): Promise<Standing> {
	const spec = await ledger.create();
	const plan = works.map((_, shard): Shard => ({shard, items: 'x', start: 0, end: 1, count: 1, repeats: shard}));
	const seals = new Map(works.map((some, shard) => [shard, sealOf(shard, [row.succeeded(shard)], some)]));
	return {spec, control: {k: 0, state: 'running'}, generations: [{place: {runId: spec.runId, generation: 0}, plan, seals}]};
}

describe('the wall time of a run', () => {
	it.each([
		['one after another', [[workOf(0, 1000)], [workOf(1000, 3000)]], 3],
		['of which two overlap', [[workOf(0, 2000)], [workOf(1000, 3000)]], 3],
		['of which one lies within another', [[workOf(0, 5000), workOf(1000, 2000)]], 5],
		['with a night between them', [[workOf(0, 1000)], [workOf(90_000_000, 90_002_000)]], 3],
		['in any order', [[workOf(4000, 5000), workOf(0, 1000)], [workOf(500, 4500)]], 5],
		['at the same time', [[workOf(7, 1007)], [workOf(7, 1007)], [workOf(7, 1007)]], 1],
		['none', [[], []], 0],
	] as const)('counts work %s once, and no time between', async (_, works, wallSeconds) => {
		const ledger = openLedger();
		const report = await finishRun(ledger.ports, await standingOf(ledger, works), {limits});
		expect(report.wallSeconds).toBe(wallSeconds);
		expect(report.throughput).toBe(wallSeconds === 0 ? 0 : works.length / wallSeconds);
	});
});

describe('a report', () => {
	it('adds up what workers measured; the verdict is that of the longest', async () => {
		const ledger = openLedger();
		const verdict = {bound: 'cpu-bound' as const, evidence: ['busy'], advice: ['more cores']};
		const works = [
			[workOf(0, 1000, {cpuSeconds: 1, bytesIn: 10})],
			[workOf(0, 9000, {cpuSeconds: 2.5, bytesIn: 20, verdict, lanes: {io: {inFlight: 0, waiting: 0, limit: 7}}})],
		];
		expect(await finishRun(ledger.ports, await standingOf(ledger, works), {limits})).toMatchObject({
			cpuSeconds: 3.5,
			bytesIn: 30,
			verdict,
			lanes: {io: {limit: 7}},
			repeats: 1,
			shards: 2,
			sealed: 2,
			itemCounts: {succeeded: 2, total: 2},
		});
	});

	it('of no items is clean', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan([]);
		const {outcomes, report} = await ledger.work(runId);
		expect(outcomes).toEqual([]);
		expect(report).toMatchObject({
			status: 'SUCCEEDED',
			completionReason: 'ALL_COMPLETED',
			itemCounts: {pending: 0, running: 0, succeeded: 0, failed: 0, skipped: 0, total: 0},
			throughput: 0,
			wallSeconds: 0,
			topErrors: [],
			stages: {},
			shards: 0,
		});
		expect(JSON.stringify(report)).not.toContain('null');
		expect(ledger.results(runId)).toEqual({SUCCEEDED: [], SKIPPED: [], FAILED: [], PENDING: []});
		expect(ledger.keys('active/')).toEqual([]);
	});

	it('is the same, with the results, whoever writes it of the same seals', async () => {
		const ledger = openLedger();
		const runId = await states.FAILED(ledger);
		const texts = () => ['report.json', 'results/manifest.json'].map(name => ledger.state.objects.get(`runs/${runId}/${name}`)?.text);
		const first = texts();
		for (const key of ['report.json', 'results/manifest.json']) await ledger.state.remove(`runs/${runId}/${key}`);
		ledger.wall.ms += 1_000_000;
		await finishRun(ledger.ports, await readStanding(ledger.ports, runId), {limits, reason: 'INTERRUPTED'});
		expect(texts()).toEqual(first);
		await finishRun(ledger.ports, await readStanding(ledger.ports, runId), {limits});
		expect(texts()).toEqual(first);
	});
});

describe('what is older', () => {
	/** How a run stood, and what was written then. */
	const finishLate = async (ledger: Ledger, standing: Standing): Promise<object | undefined> => {
		await finishRun(ledger.ports, standing, {limits, reason: 'INTERRUPTED'});
		return await readReport(ledger.ports, standing.spec.runId);
	};

	it('by its generation never replaces what is newer', async () => {
		const ledger = openLedger();
		const runId = await states.FAILED(ledger);
		const old = await readStanding(ledger.ports, runId);
		await redriveRun(ledger.ports, runId);
		await ledger.work(runId);
		expect(await finishLate(ledger, old)).toMatchObject({generation: 1, itemCounts: {succeeded: 20, failed: 0}});
	});

	it('by its seals never replaces what is newer', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(30));
		const {stages, working} = stopAfter(15, 'INTERRUPTED');
		const old = await readStanding(ledger.ports, runId);
		await ledger.work(runId, stages, working);
		expect(await finishLate(ledger, old)).toMatchObject({sealed: 1, itemCounts: {succeeded: 15}});
	});

	it('by the items that ended never replaces what is newer, at the same number of seals', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(30));
		const {stages, working} = stopAfter(5, 'INTERRUPTED');
		const old = await readStanding(ledger.ports, runId);
		await ledger.work(runId, stages, working);
		expect(await finishLate(ledger, old)).toMatchObject({sealed: 0, itemCounts: {succeeded: 5}});
	});

	it('by what the run was told never replaces what is newer', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(30));
		const old = await readStanding(ledger.ports, runId);
		await controlRun(ledger.ports, runId, {action: 'pause'});
		await finishRun(ledger.ports, await readStanding(ledger.ports, runId), {limits, reason: 'PAUSED'});
		expect(await finishLate(ledger, old)).toMatchObject({control: 1, completionReason: 'PAUSED'});
	});

	it('is replaced by what is newer, also between two looks', async () => {
		let meanwhile: (() => Promise<void>) | undefined;
		const ledger = openLedger({
			before: async ({op, key}) => {
				if (op !== 'replace' || !key.endsWith('report.json')) return;
				const step = meanwhile;
				meanwhile = undefined;
				await step?.();
			},
		});
		const {runId} = await ledger.plan(itemsOf(30));
		const {stages, working} = stopAfter(5, 'INTERRUPTED');
		await ledger.work(runId, stages, working);
		const paused = await readStanding(ledger.ports, runId);
		await ledger.ready(runId);
		await ledger.work(runId);
		const ended = await readStanding(ledger.ports, runId);
		await ledger.state.remove(`runs/${runId}/report.json`);
		await finishRun(ledger.ports, paused, {limits, reason: 'INTERRUPTED'});
		meanwhile = async () => void (await finishRun(ledger.ports, ended, {limits}));
		await finishRun(ledger.ports, paused, {limits, reason: 'DEADLINE_REACHED'});
		expect(await readReport(ledger.ports, runId)).toMatchObject({sealed: 3, completionReason: 'ALL_COMPLETED'});
	});

	it('is not written again when it is the same: somebody may wait for news of it', async () => {
		const writes: string[] = [];
		const ledger = openLedger({before: ({op, key}) => void (op === 'replace' && writes.push(key))});
		const runId = await states.SUCCEEDED(ledger);
		writes.length = 0;
		await finishRun(ledger.ports, await readStanding(ledger.ports, runId), {limits});
		expect(writes).toEqual([]);
	});

	it.each(['results/manifest.json', 'report.json'])('and damaged is made again from the seals: %s', async name => {
		const ledger = openLedger();
		const runId = await states.SUCCEEDED(ledger);
		const key = `runs/${runId}/${name}`;
		const before = ledger.json(key);
		for (const damage of ['', '[]', '{"generation": 0']) {
			await ledger.edit(key, () => damage);
			await finishRun(ledger.ports, await readStanding(ledger.ports, runId), {limits});
			expect(ledger.json(key)).toEqual(before);
		}
	});
});

describe('results of a run that was stopped', () => {
	it('list every item once: what ended, and what is pending', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(30));
		const {stages, working} = stopAfter(15, 'DEADLINE_REACHED');
		const {report} = await ledger.work(runId, stages, working);
		const {SUCCEEDED, PENDING} = ledger.results(runId);
		expect(SUCCEEDED.map(({n}) => n).toSorted((a, b) => a - b)).toEqual(Array.from({length: 15}, (_, n) => n));
		expect(PENDING).toEqual(Array.from({length: 15}, (_, index) => ({n: 15 + index, id: `item-${15 + index}`, status: 'pending'})));
		expect(report).toMatchObject({
			status: 'PAUSED',
			completionReason: 'DEADLINE_REACHED',
			sealed: 1,
			shards: 3,
			itemCounts: {succeeded: 15, pending: 15},
		});
	});

	it('name their files relative to the run’s folder, by generation and shard, with what is in them', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(30));
		await ledger.work(runId, failing(3, 25), {lanes: {attempts: 1}});
		const {resultFiles} = ledger.json(`runs/${runId}/results/manifest.json`) as {resultFiles: Record<string, object[]>};
		expect(resultFiles['FAILED']).toMatchObject([
			{key: '0/rows/0-1-FAILED.jsonl', items: 1, from: 3, to: 3},
			{key: '0/rows/2-1-FAILED.jsonl', items: 1, from: 25, to: 25},
		]);
		expect(resultFiles['SUCCEEDED']).toMatchObject([0, 1, 2].map(shard => ({key: `0/rows/${shard}-1-SUCCEEDED.jsonl`})));
	});
});

describe('getReport', () => {
	it('of a run that goes on is none before anybody has stopped it', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.plan(itemsOf(3));
		expect(await getReport(ledger.ports, runId, {limits})).toBeUndefined();
	});

	it('of a run that was killed after its last seal is made by whoever asks', async () => {
		let isKilled = true;
		const ledger = openLedger({
			before: ({op, key}) => {
				if (isKilled && op === 'create' && key.endsWith('results/manifest.json')) throw new Error('killed');
			},
		});
		const {runId} = await ledger.plan(itemsOf(20));
		await expect(ledger.work(runId)).rejects.toThrow('killed');
		isKilled = false;
		expect(await getReport(ledger.ports, runId, {limits})).toMatchObject({status: 'SUCCEEDED', itemCounts: {succeeded: 20}});
		expect(ledger.results(runId).SUCCEEDED).toHaveLength(20);
		expect(ledger.keys('active/')).toEqual([]);
	});
});
