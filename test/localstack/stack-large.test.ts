import {beforeAll, describe, expect, it} from 'vitest';
import type {EngineName} from '../../src/runs/engine.ts';
import {type TestStack, countS3Requests, testStack} from '../support/deployed-stack.ts';

let stack: TestStack;
beforeAll(async () => {
	stack = await testStack();
}, 600_000);

const itemsOf = (count: number, list: string) => Array.from({length: count}, (_, n) => ({id: `${list}-${n}`}));
const engines: readonly EngineName[] = ['in-process', 'lambda', 'distributed-map'];
const MOST_PER_CLAIM = 15;
const MOST_PER_MINUTE = 24;

describe('a list of 100,000 items', () => {
	it.each(engines)(
		'costs the orchestrator of %s at most 60 MB more than one of 1,000, and S3 nothing per item',
		async engine => {
			const small = await measure(engine, 1000);
			const large = await measure(engine, 100_000);
			expect(large.peakMB - small.peakMB).toBeLessThanOrEqual(60);
			// Looking at the run from here costs requests, too: the smaller run tells how many at least.
			expect(large.requests).toBeLessThanOrEqual(MOST_PER_CLAIM * large.claims + MOST_PER_MINUTE * large.workMinutes + large.ownRequests);
		},
		600_000,
	);
});

async function measure(engine: EngineName, count: number) {
	const sinceMs = Date.now();
	const before = await countS3Requests();
	const runId = await stack.drop(`${engine}-${count}.jsonl`, itemsOf(count, stack.ports.token()), {flow: 'no-op', engine, maxWorkers: 2});
	let looks = 0;
	const run = await stack.until(
		runId,
		({status}) => {
			looks++;
			return !['PENDING', 'RUNNING'].includes(status);
		},
		{limitMs: 400_000},
	);
	const requests = (await countS3Requests()) - before;
	expect(run).toMatchObject({status: 'SUCCEEDED', itemCounts: {succeeded: count, total: count}});
	const report = await stack.runs.getReport(runId);
	let claims = 0;
	for await (const {key} of stack.ports.state.list(`work/${runId}/`)) if (key.includes('/claim-')) claims++;
	const shards = report?.shards ?? 0;
	const peakMB = await stack.peakMemoryMB(stack.names.orchestrator, sinceMs);
	expect(peakMB).toBeGreaterThan(20);
	const workMinutes = Math.max(1, (claims * (Date.now() - sinceMs)) / 60_000);
	// A look of ours reads spec, control, redrive, plan, seals, report, lease and work.
	const ownRequests = looks * (12 + shards) + 30;
	return {requests, claims, peakMB, workMinutes, ownRequests};
}
