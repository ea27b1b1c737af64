import {setTimeout as wait} from 'node:timers/promises';
import {afterEach, beforeAll, describe, expect, it} from 'vitest';
import type {RunView} from '../../src/runs/get-run.ts';
import {type TestStack, testStack} from '../support/deployed-stack.ts';
import {killWorkers, limitFunction, listWorkers} from '../support/localstack.ts';

let stack: TestStack;
beforeAll(async () => {
	stack = await testStack();
}, 600_000);
afterEach(async () => {
	await limitFunction({functionName: stack.names.worker, atOnce: undefined});
});

/** A list of its own each time: the same one would be the same run. */
function itemsTaking(count: number, ms: number) {
	const list = stack.ports.token();
	return Array.from({length: count}, (_, n) => ({id: `${list}-${n}`, ms}));
}
const oneAtATime = {flow: 'timed', limits: {ioConcurrency: 1}} as const;

/** Every item has one outcome, in the order of the list. */
async function expectWhole(run: RunView, count: number): Promise<void> {
	expect(run).toMatchObject({status: 'SUCCEEDED', itemCounts: {succeeded: count, total: count}});
	expect((await stack.rows(run.id)).map(({n, status}) => [n, status])).toEqual(Array.from({length: count}, (_, n) => [n, 'succeeded']));
}

describe('sixteen workers', () => {
	it('work at once, and take no new item later than 5 s after a pause', async () => {
		const runId = await stack.drop('sixteen.jsonl', itemsTaking(16 * 40, 500), {...oneAtATime, engine: 'lambda', maxWorkers: 16});
		await stack.until(runId, ({itemCounts}) => itemCounts.succeeded > 0 || itemCounts.running > 0, {limitMs: 90_000}).catch(() => {});
		for (const end = Date.now() + 60_000; (await busyWorkers()) < 16 && Date.now() < end;) await wait(100);
		expect(await busyWorkers()).toBe(16);
		await wait(2000);
		const toldMs = Date.now();
		await stack.runs.controlRun(runId, {action: 'pause'});
		await stack.until(runId, ({status}) => status === 'PAUSED');
		for (const end = Date.now() + 60_000; (await busyWorkers()) > 0 && Date.now() < end;) await wait(100);
		const starts = (await stack.rows(runId)).flatMap(row =>
			row.status === 'succeeded' ? [(row.result as {startedAtMs: number}).startedAtMs] : [],
		);
		expect(starts.length).toBeGreaterThan(16);
		expect(starts.length).toBeLessThan(16 * 40);
		expect(Math.max(...starts) - toldMs).toBeLessThanOrEqual(5000);
		await stack.runs.controlRun(runId, {action: 'cancel'});
		await stack.invoke(stack.names.orchestrator, {runId});
		expect(await stack.runs.getRun(runId)).toMatchObject({status: 'CANCELLED'});
	});
});

describe('a run by workers', () => {
	it('ends complete on a platform that has room for two', async () => {
		await limitFunction({functionName: stack.names.worker, atOnce: 2});
		const runId = await stack.drop('throttled.jsonl', itemsTaking(160, 10), {...oneAtATime, engine: 'lambda', maxWorkers: 16});
		await expectWhole(await stack.untilEnded(runId), 160);
	});

	it.each(['lambda', 'distributed-map'] as const)(
		'by %s ends complete when a worker is killed in the middle of its shard',
		async engine => {
			const runId = await stack.drop(`killed-${engine}.jsonl`, itemsTaking(40, 400), {...oneAtATime, engine, maxWorkers: 2});
			for (const end = Date.now() + 60_000; (await busyWorkers()) < 2 && Date.now() < end;) await wait(50);
			await wait(1000);
			expect(await killWorkers({functionName: stack.names.worker, atMost: 1})).toBe(1);
			await expectWhole(await stack.untilEnded(runId), 40);
			// One for each of its four shards, and one more after the kill.
			expect(await countClaims(runId)).toBeGreaterThan(4);
		},
	);

	it('goes on when the orchestrator is killed: the next one finds what the workers have done', async () => {
		const runId = await stack.drop('orphaned.jsonl', itemsTaking(40, 400), {...oneAtATime, engine: 'lambda', maxWorkers: 2});
		for (const end = Date.now() + 60_000; (await busyWorkers()) < 2 && Date.now() < end;) await wait(50);
		expect(await killWorkers({functionName: stack.names.orchestrator})).toBeGreaterThan(0);
		// Lambda itself tries an event twice more; whoever comes waits until the lease is dead.
		await stack.invoke(stack.names.orchestrator, {sweep: true});
		await expectWhole(await stack.untilEnded(runId), 40);
	});

	it('ends complete when the time limit of a worker is 10 s and its shard takes 60 s', async () => {
		await stack.setTimeLimit(stack.names.worker, 10);
		try {
			const runId = await stack.drop('short.jsonl', itemsTaking(60, 1000), {...oneAtATime, engine: 'lambda', maxWorkers: 1});
			const run = await stack.untilEnded(runId, {limitMs: 180_000});
			await expectWhole(run, 60);
			expect(await countClaims(runId)).toBeGreaterThan(3);
		} finally {
			await stack.setTimeLimit(stack.names.worker, 900);
		}
	}, 240_000);
});

async function countClaims(runId: string): Promise<number> {
	let claims = 0;
	for await (const {key} of stack.ports.state.list(`work/${runId}/`)) if (key.includes('/claim-')) claims++;
	return claims;
}

const busyWorkers = async (): Promise<number> =>
	(await listWorkers({functionName: stack.names.worker})).filter(({isStopped}) => !isStopped).length;
