import {beforeAll, describe, expect, it} from 'vitest';
import type {EngineName} from '../../src/runs/engine.ts';
import {type TestStack, testStack} from '../support/deployed-stack.ts';

let stack: TestStack;
beforeAll(async () => {
	stack = await testStack();
}, 600_000);

const engines: readonly EngineName[] = ['in-process', 'lambda', 'distributed-map'];
const MOST_PER_CLAIM = 15;
const MOST_PER_MINUTE = 24;
const MOST_MORE_MB = 60;
const LIMIT_MS = 400_000;

describe('a list of 100,000 items', () => {
	it.each(engines)(
		'costs the orchestrator of %s at most 60 MB more than one of 1,000, and S3 nothing per item',
		async engine => {
			const small = await measure(engine, 1000);
			const large = await measure(engine, 100_000);
			expect(large.peakMB - small.peakMB).toBeLessThanOrEqual(MOST_MORE_MB);
			expect(large.requests).toBeLessThanOrEqual(MOST_PER_CLAIM * large.claims + MOST_PER_MINUTE * large.workMinutes);
		},
		2 * LIMIT_MS,
	);
});

async function measure(engine: EngineName, count: number) {
	const sinceMs = Date.now();
	const before = await stack.countRequests();
	const list = stack.ports.token();
	const items = Array.from({length: count}, (_, n) => ({id: `${list}-${n}`}));
	const runId = await stack.drop(`${engine}-${count}.jsonl`, items, {flow: 'no-op', engine, maxWorkers: 10});
	const run = await stack.untilEnded(runId, {limitMs: LIMIT_MS});
	expect(run).toMatchObject({status: 'SUCCEEDED', itemCounts: {succeeded: count, total: count}});
	const requests = (await stack.countRequests()) - before;
	const {wallSeconds = 0} = (await stack.runs.getReport(runId)) ?? {};
	let claims = 0;
	for await (const {key} of stack.ports.state.list(`work/${runId}/`)) if (key.includes('/claim-')) claims++;
	const peakMB = await stack.peakMemoryMB(stack.names.orchestrator, sinceMs);
	expect(peakMB).toBeGreaterThan(20);
	return {requests, claims, peakMB, workMinutes: wallSeconds / 60};
}
