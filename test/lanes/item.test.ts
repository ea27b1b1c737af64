import {describe, expect, it} from 'vitest';
import {TwolaneError} from '../../src/lanes/errors.ts';
import {type Context, skip} from '../../src/lanes/flow.ts';
import type {CpuCall, Reader} from '../../src/lanes/ports.ts';
import {createBarrier} from '../support/barrier.ts';
import {createFakeClock, settled} from '../support/fake-clock.ts';
import {fakePool} from '../support/fake-pool.ts';
import {numbers, testRun} from '../support/lane-setup.ts';
import {memoryStore} from '../support/memory-store.ts';

const died = () => new TwolaneError('THREAD_DIED', 'the thread died');

describe('an item', () => {
	it('goes from fetch over transform to store, each with what the one before made', async () => {
		const pool = fakePool(({input}) => `${String(input)} transformed`);
		const stages = {
			fetch: async (item: string) => `${item} fetched`,
			hasTransform: true,
			store: async (made: string) => `${made} stored`,
		};
		const {outcomes} = await testRun(stages, ['x'], {pool, options: {a: 1}}).all();
		expect(outcomes[0]).toMatchObject({status: 'succeeded', result: 'x fetched transformed stored', attempts: 1});
		expect(outcomes[0]?.timings).toEqual({fetchMs: 0, queueMs: 1, transformMs: 2, storeMs: 0});
		expect(pool.calls[0]).toMatchObject({
			input: 'x fetched',
			task: {id: 'item-0', item: 'x', options: {a: 1}},
			alone: false,
			timeoutMs: 30_000,
		});
	});

	it('goes straight to the transform in a flow without fetch', async () => {
		const pool = fakePool(({input}) => Number(input) * 2);
		const {outcomes} = await testRun({hasTransform: true}, [21], {pool}).all();
		expect(outcomes[0]).toMatchObject({status: 'succeeded', result: 42});
		expect(Object.keys(outcomes[0]?.timings ?? {})).toEqual(['queueMs', 'transformMs']);
	});

	it.each(['fetch', 'transform', 'store'] as const)('ends as skipped when %s says so, and later stages do not see it', async stage => {
		const seen: string[] = [];
		const visit = (name: string) => {
			seen.push(name);
			return name === stage ? skip(`not for ${name}`) : name;
		};
		const pool = fakePool(() => visit('transform'));
		const stages = {fetch: async () => visit('fetch'), hasTransform: true, store: async () => visit('store')};
		const {outcomes, report} = await testRun(stages, [0], {pool}).all();
		expect(outcomes[0]).toMatchObject({status: 'skipped', reason: `not for ${stage}`});
		expect(seen.at(-1)).toBe(stage);
		expect(report.itemCounts).toMatchObject({skipped: 1, succeeded: 0});
	});

	it('fails with the transform’s own code, without a second try', async () => {
		const pool = fakePool(() => {
			throw new TwolaneError('IMAGE_CORRUPT', 'no image', {stage: 'transform'});
		});
		const {outcomes} = await testRun({fetch: async () => 1, hasTransform: true}, [0], {pool}).all();
		expect(outcomes[0]).toMatchObject({
			status: 'failed',
			attempts: 1,
			error: {code: 'IMAGE_CORRUPT', stage: 'transform', retryable: false},
		});
		expect(pool.calls).toHaveLength(1);
	});
});

describe('an item whose thread is lost', () => {
	it.each(['THREAD_DIED', 'TRANSFORM_TIMEOUT', 'THREAD_OUT_OF_MEMORY'])('by %s is fetched again and run once more, alone', async code => {
		let fetches = 0;
		const pool = fakePool((_, number) => {
			if (number === 1) throw new TwolaneError(code, 'gone');
			return 'made';
		});
		const {outcomes} = await testRun({fetch: async () => ++fetches, hasTransform: true}, [0], {pool}).all();
		expect(outcomes[0]).toMatchObject({status: 'succeeded', result: 'made', attempts: 2});
		expect(pool.calls.map(({alone, input}) => ({alone, input}))).toEqual([
			{alone: false, input: 1},
			{alone: true, input: 2},
		]);
	});

	it('twice fails with the code, and is not run a third time', async () => {
		const pool = fakePool(() => {
			throw died();
		});
		const {outcomes} = await testRun({hasTransform: true}, [0], {pool}).all();
		expect(outcomes[0]).toMatchObject({status: 'failed', attempts: 2, error: {code: 'THREAD_DIED', retryable: false, stage: 'transform'}});
		expect(pool.calls).toHaveLength(2);
	});

	it('records the outputs of the second fetch alone', async () => {
		const pool = fakePool((_, number) => {
			if (number === 1) throw died();
			return 'made';
		});
		const fetch = async (_: unknown, {put}: Context) => put('a.txt', 'x');
		const {outcomes} = await testRun({fetch, hasTransform: true}, [0], {pool, store: memoryStore()}).all();
		expect(outcomes[0]).toMatchObject({status: 'succeeded', outputs: [{name: 'a'}]});
		expect(outcomes[0]).toHaveProperty('outputs.length', 1);
	});

	it('does not spend more than the budget of the run, however many threads die', async () => {
		const pool = fakePool(() => {
			throw died();
		});
		const {report} = await testRun({hasTransform: true}, numbers(200), {pool}).all();
		expect(pool.calls.filter(({alone}) => alone)).toHaveLength(50 + 40);
		expect(report.itemCounts.failed).toBe(200);
	});

	it('stays pending when the run is stopped meanwhile', async () => {
		const controller = new AbortController();
		const pool = fakePool(() => {
			controller.abort('PAUSED');
			throw died();
		});
		const {outcomes, report} = await testRun({fetch: async () => 1, hasTransform: true}, [0], {pool, stop: controller.signal}).all();
		expect(outcomes).toEqual([]);
		expect(report).toMatchObject({completionReason: 'PAUSED', itemCounts: {pending: 1}});
	});
});

describe('a pool that no task can go to', () => {
	const broken = new TwolaneError('THREAD_DIED', 'the module does not load', {stage: 'run'});

	it('ends the whole run, and is charged to no item', async () => {
		const pool = {...fakePool(() => 'made'), run: () => Promise.reject(broken)};
		const ended: unknown[] = [];
		const run = testRun({hasTransform: true}, numbers(40), {pool});
		const all = (async () => {
			for await (const outcome of run) ended.push(outcome);
		})();
		await expect(all).rejects.toBe(broken);
		await expect(run.report()).rejects.toBe(broken);
		expect(ended).toEqual([]);
	});

	it('ends it while other items are in flight', async () => {
		const working = createBarrier();
		const inner = fakePool(() => working.wait(), {threads: 4});
		const pool = {
			...inner,
			run: async (call: CpuCall) => {
				if (call.input !== 3) return await inner.run(call);
				await working.reached(3);
				throw broken;
			},
		};
		await expect(testRun({hasTransform: true}, numbers(4), {pool}).report()).rejects.toBe(broken);
	});
});

describe('bytes on their way to a thread', () => {
	const read: Reader = {
		scheme: 'url',
		async read(_, context) {
			await context.reserve(100);
			return new Uint8Array(100);
		},
	};
	const url = 'https://example.com/';

	it('are moved when our reader made them, and copied when they are the flow’s own', async () => {
		const own = new Uint8Array(50);
		const pool = fakePool(() => 'made');
		const fetch = async (_: unknown, context: Context) => ({fetched: await context.read({url}), own, deep: [{own}]});
		await testRun({fetch, hasTransform: true}, [0], {pool, readers: [read]}).all();
		const {transfer, input} = pool.calls[0] as CpuCall;
		expect(transfer).toEqual([(input as {fetched: Uint8Array}).fetched.buffer]);
	});

	it('give their room back when the transform is done, not before', async () => {
		const clock = createFakeClock();
		const working = createBarrier();
		const pool = fakePool(() => working.wait(), {threads: 8});
		const fetch = (_: unknown, context: Context) => context.read({url});
		const run = testRun({fetch, hasTransform: true}, numbers(10), {pool, clock, readers: [read], limits: {inFlightBytes: 300}});
		const all = run.all();
		await working.reached(3);
		await settled();
		expect(working.arrived).toBe(3);
		working.open();
		expect((await all).report.itemCounts.succeeded).toBe(10);
	});

	it('give their room back when the transform fails', async () => {
		const pool = fakePool(() => {
			throw new TwolaneError('IMAGE_CORRUPT', 'no image');
		});
		const fetch = (_: unknown, context: Context) => context.read({url});
		const {report} = await testRun({fetch, hasTransform: true}, numbers(10), {pool, readers: [read], limits: {inFlightBytes: 100}}).all();
		expect(report.itemCounts.failed).toBe(10);
	});
});

describe('the CPU lane', () => {
	it('stops the IO lane when enough tasks wait for a thread', async () => {
		const working = createBarrier();
		const pool = fakePool(() => working.wait(), {threads: 2});
		let fetched = 0;
		const run = testRun({fetch: async () => ++fetched, hasTransform: true}, numbers(500), {pool, limits: {ioConcurrency: 50}});
		const all = run.all();
		await working.reached(2);
		for (let turn = 0; turn < 20; turn++) await settled();
		// Eight tasks a thread may wait; calls that were let in before the lane was full still end.
		expect(pool.mostQueued).toBeLessThanOrEqual(2 * 8 + 50);
		expect(fetched).toBeLessThan(100);
		working.open();
		expect((await all).report.itemCounts.succeeded).toBe(500);
	});

	it('of another run does not stop this one for ever', async () => {
		const others = createBarrier();
		const pool = fakePool(({task}) => (task.options === undefined ? others.wait() : 'mine'), {threads: 1});
		const theirs = testRun({fetch: async () => 1, hasTransform: true}, numbers(40), {pool});
		const theirEnd = theirs.all();
		await others.reached(1);
		await settled();
		const mine = testRun({fetch: async () => 1, hasTransform: true}, numbers(3), {pool, options: {}}).all();
		await settled();
		others.open();
		expect((await theirEnd).report.itemCounts.succeeded).toBe(40);
		expect((await mine).report.itemCounts.succeeded).toBe(3);
	});

	it('is not waited for by an abandoned run', async () => {
		const controller = new AbortController();
		const working = createBarrier();
		const pool = fakePool(() => working.wait());
		const run = testRun({hasTransform: true}, numbers(4), {pool, signal: controller.signal});
		const report = run.report();
		await working.reached(2);
		controller.abort(new Error('given up'));
		await expect(report).rejects.toThrow('given up');
	});
});

describe('the host of an item', () => {
	const throttled = (host: string) => new TwolaneError('HTTP_STATUS', host, {status: 429, retryAfterMs: 1000});

	it.each([
		['an origin', {url: 'https://a.example/x'}, {url: 'https://a.example:444/x'}],
		['a bucket', {s3: 's3://a/x'}, {s3: 's3://b/x'}],
	])('is %s: when one throttles, the other goes on', async (_, one, other) => {
		const clock = createFakeClock();
		const ends: string[] = [];
		let calls = 0;
		const fetch = async (item: unknown) => {
			if (item === one && ++calls === 1) throw throttled('a');
			ends.push(`${item === one ? 'one' : 'other'} at ${clock.nowMs()}`);
		};
		await testRun({fetch}, [one, other], {clock}).all();
		expect(ends[0]).toBe('other at 0');
		expect(ends[1]).toMatch(/^one at \d{4}$/u);
	});
});
