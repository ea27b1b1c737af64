import {describe, expect, it} from 'vitest';
import {limitHeap} from '../../../src/adapters/pool/heap.ts';
import {createPool} from '../../../src/adapters/pool/pool.ts';
import {cpu, defineFlow, fanOut} from '../../../src/index.ts';
import {z} from 'zod';
import {callOf} from '../../support/thread-calls.ts';

const GIB = 1024 ** 3;

describe('the heap of a thread', () => {
	it.each([
		['a share of half of the memory', {memoryBytes: 4 * GIB, sharers: 8}, 256],
		['never more than is full before a time limit ends it', {memoryBytes: 64 * GIB, sharers: 2}, 512],
		['never too little to load a module', {memoryBytes: GIB / 2, sharers: 16}, 128],
	])('is %s', (_, machine, mib) => {
		expect(limitHeap(machine)).toEqual({maxOldGenerationSizeMb: mib, maxYoungGenerationSizeMb: 24});
	});
});

const crash = new URL('../../fixtures/crash/crash.ts', import.meta.url);
const fill = (kind?: string) => callOf('', {kind}, {file: crash});

describe('a thread whose heap is full', () => {
	it('is lost alone: 99 of 100 tasks succeed', async () => {
		await using pool = createPool({threads: 2, memoryBytes: GIB / 2});
		const endings = await Promise.all(Array.from({length: 100}, (_, n) => pool.run(fill(n === 50 ? 'full heap' : undefined))));
		expect(endings.flatMap((ending, n) => (ending.ok ? [] : [[n, ending.error.code]]))).toEqual([[50, 'THREAD_OUT_OF_MEMORY']]);
	});

	it('fails its item after a second try, with the memory that this machine gives it', async () => {
		const flow = defineFlow({
			name: 'fill',
			item: z.object({n: z.number()}),
			fetch: async ({n}) => (n === 50 ? {kind: 'full heap'} : {}),
			transform: cpu<typeof import('../../fixtures/crash/crash.ts')>(crash),
		});
		const failures: unknown[] = [];
		const run = fanOut(
			flow,
			Array.from({length: 100}, (_, n) => ({n})),
		);
		for await (const outcome of run) if (outcome.status === 'failed') failures.push([outcome.n, outcome.error.code, outcome.attempts]);
		expect(failures).toEqual([[50, 'THREAD_OUT_OF_MEMORY', 2]]);
		expect((await run.report()).itemCounts).toMatchObject({succeeded: 99, failed: 1, total: 100});
	});
});
