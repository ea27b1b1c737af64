import {describe, expect, it} from 'vitest';
import {TwolaneError} from '../../src/lanes/errors.ts';
import type {Reader} from '../../src/lanes/ports.ts';
import {createBarrier} from '../support/barrier.ts';
import {createFakeClock, settled} from '../support/fake-clock.ts';
import {numbers, testRun} from '../support/lane-setup.ts';

const failing =
	(times: number, error: () => unknown) =>
	async (_: unknown, {attempt}: {attempt: number}) => {
		if (attempt <= times) throw error();
		return attempt;
	};
const refused = () => new TwolaneError('CONNECT_FAILED', 'refused');

describe('a stage that fails', () => {
	it('is tried again until it succeeds, and its tries are counted', async () => {
		const {outcomes, report} = await testRun({fetch: failing(2, refused)}, [0]).all();
		expect(outcomes[0]).toMatchObject({status: 'succeeded', result: 3, attempts: 3});
		// Full jitter draws the middle: half of 400 ms, half of 800 ms.
		expect(report.wallSeconds).toBe(0.6);
	});

	it('counts the tries of the stage tried most often', async () => {
		const {outcomes} = await testRun({fetch: failing(1, refused), store: failing(2, refused)}, [0]).all();
		expect(outcomes[0]).toMatchObject({attempts: 3, result: 3});
	});

	it('is given up after `attempts`, with its last error', async () => {
		const {outcomes} = await testRun({fetch: failing(9, refused)}, [0], {attempts: 2}).all();
		expect(outcomes[0]).toMatchObject({status: 'failed', attempts: 2, error: {code: 'CONNECT_FAILED', retryable: true, stage: 'fetch'}});
	});

	it('with a plain error is tried again: the network fails like that', async () => {
		const {outcomes} = await testRun({fetch: failing(1, () => new TypeError('fetch failed'))}, [0]).all();
		expect(outcomes[0]).toMatchObject({status: 'succeeded', attempts: 2});
	});

	it('gives a name that does not exist one more try', async () => {
		const {outcomes} = await testRun({fetch: failing(9, () => new TwolaneError('DNS_NOT_FOUND', 'nope'))}, [0]).all();
		expect(outcomes[0]).toMatchObject({attempts: 2, error: {code: 'DNS_NOT_FOUND'}});
	});

	it('waits as long as the server asks for', async () => {
		const error = () => new TwolaneError('HTTP_STATUS', 'slow down', {status: 429, retryAfterMs: 60_000});
		const {outcomes, report} = await testRun({fetch: failing(2, error)}, [0]).all();
		expect(outcomes[0]).toMatchObject({status: 'succeeded', attempts: 3});
		expect(report.wallSeconds).toBeGreaterThanOrEqual(120);
		expect(report.verdict).toBeDefined();
	});

	it('may throw before it makes a promise, or make none', async () => {
		const thrower = () => {
			throw new TwolaneError('NO_LUCK', 'at once');
		};
		const {outcomes} = await testRun({fetch: thrower}, [0]).all();
		expect(outcomes[0]).toMatchObject({status: 'failed', error: {code: 'NO_LUCK'}});
		const plain = testRun({fetch: () => 7}, [0]);
		expect((await plain.all()).outcomes[0]).toMatchObject({status: 'succeeded', result: 7});
		expect(plain.clock.pending).toBe(0);
	});

	it('spends the budget of the whole run: 50 tries and a fifth of the items', async () => {
		let calls = 0;
		const fetch = async () => {
			calls++;
			throw refused();
		};
		const {report} = await testRun({fetch}, numbers(500), {attempts: 100}).all();
		expect(calls).toBe(500 + 50 + 100);
		expect(report).toMatchObject({itemCounts: {failed: 500}, topErrors: [{code: 'CONNECT_FAILED', count: 500}]});
	});

	it('fails with its real code and stays retryable when the budget is spent', async () => {
		const {outcomes} = await testRun({fetch: failing(99, refused)}, numbers(200), {attempts: 100}).all();
		for (const outcome of outcomes) expect(outcome).toMatchObject({error: {code: 'CONNECT_FAILED', retryable: true}});
	});

	it('gets all items through an origin that throttles above its capacity', async () => {
		const clock = createFakeClock();
		let serving = 0;
		let refusals = 0;
		const fetch = async () => {
			if (serving >= 6) {
				refusals++;
				throw new TwolaneError('HTTP_STATUS', 'too many', {status: 429, retryAfterMs: 100});
			}
			serving++;
			await clock.sleep(50);
			serving--;
		};
		const {report} = await testRun({fetch}, numbers(1500), {clock}).all();
		expect(report.itemCounts.succeeded).toBe(1500);
		expect(refusals).toBeLessThan(0.03 * 1500);
	});
});

describe('the time limit of a try', () => {
	it('ends a stage that hangs, although it ignores its signal', async () => {
		const never = () => new Promise(() => {});
		const run = testRun({fetch: never}, [0], {attempts: 1, limits: {fetchTimeoutMs: 5000}});
		const {outcomes, report} = await run.all();
		expect(outcomes[0]).toMatchObject({
			status: 'failed',
			error: {code: 'FETCH_FAILED', retryable: true, message: expect.stringContaining('5000 ms')},
		});
		expect(report.wallSeconds).toBe(5);
		expect(run.clock.pending).toBe(0);
	});

	it('calls a store that hangs STORE_FAILED', async () => {
		const {outcomes} = await testRun({fetch: async () => 1, store: () => new Promise(() => {})}, [0], {attempts: 1}).all();
		expect(outcomes[0]).toMatchObject({error: {code: 'STORE_FAILED', stage: 'store'}});
	});

	it('aborts the signal of a stage that listens, with the error as its reason', async () => {
		const reasons: unknown[] = [];
		const fetch = (_: unknown, {signal}: {signal: AbortSignal}) =>
			new Promise((_resolve, reject) => {
				signal.addEventListener('abort', () => {
					reasons.push(signal.reason);
					reject(signal.reason);
				});
			});
		const {outcomes} = await testRun({fetch}, [0], {attempts: 2, limits: {fetchTimeoutMs: 1000}}).all();
		expect(outcomes[0]).toMatchObject({status: 'failed', attempts: 2});
		expect(reasons).toMatchObject([{code: 'FETCH_FAILED'}, {code: 'FETCH_FAILED'}]);
	});

	it('is each try’s own, also when calls begin one after the other', async () => {
		const clock = createFakeClock();
		const fetch = async (item: number) => {
			await clock.sleep(item === 1 ? 10_000 : 900);
			return item;
		};
		const run = testRun({fetch}, [0, 1, 2, 3, 4, 5], {clock, attempts: 1, limits: {ioConcurrency: 2, fetchTimeoutMs: 1000}});
		const {outcomes} = await run.all();
		expect(outcomes.filter(({status}) => status === 'failed').map(({n}) => n)).toEqual([1]);
		expect(clock.pending).toBeLessThanOrEqual(1);
	});

	it('says BODY_TIMEOUT when a source was being read', async () => {
		const reader: Reader = {scheme: 'url', read: () => new Promise(() => {})};
		const fetch = (item: {url: string}, {read}: {read: (source: {url: string}) => unknown}) => read(item);
		const {outcomes} = await testRun({fetch}, [{url: 'https://example.com/'}], {attempts: 1, readers: [reader]}).all();
		expect(outcomes[0]).toMatchObject({error: {code: 'BODY_TIMEOUT', stage: 'fetch'}});
	});

	it('does not count the time in which our own byte gate kept the try waiting', async () => {
		const clock = createFakeClock();
		const reader: Reader = {
			scheme: 'url',
			async read(_, context) {
				await clock.sleep(10);
				await context.reserve(100);
				await clock.sleep(700);
				return new Uint8Array(100);
			},
		};
		const fetch = (item: {url: string}, {read}: {read: (source: {url: string}) => unknown}) => read(item);
		// Each holds all the room for 700 ms, so the last of four waits for 2,100 ms; one second is enough for what it does itself.
		const items = numbers(4).map(n => ({url: `https://example.com/${n}`}));
		const run = testRun({fetch}, items, {
			clock,
			attempts: 1,
			readers: [reader],
			limits: {inFlightBytes: 100, fetchTimeoutMs: 1000, ioConcurrency: 4},
		});
		const {report} = await run.all();
		expect(report.itemCounts).toMatchObject({succeeded: 4, failed: 0});
		expect(report.wallSeconds).toBeGreaterThan(2.1);
	});

	it('gives the room of a failed try back before the next one', async () => {
		const clock = createFakeClock();
		let used = 0;
		const reader: Reader = {
			scheme: 'url',
			async read(_, context) {
				await context.reserve(100);
				used++;
				if (used === 1) throw new TwolaneError('BODY_TRUNCATED', 'cut');
				return new Uint8Array(100);
			},
		};
		const fetch = (item: {url: string}, {read}: {read: (source: {url: string}) => unknown}) => read(item);
		const items = [{url: 'https://example.com/1'}, {url: 'https://example.com/2'}];
		const {outcomes} = await testRun({fetch}, items, {clock, readers: [reader], limits: {inFlightBytes: 100}}).all();
		expect(outcomes.map(({status, n, attempts}) => ({status, n, attempts}))).toEqual([
			{status: 'succeeded', n: 1, attempts: 1},
			{status: 'succeeded', n: 0, attempts: 2},
		]);
	});
});

describe('a try that is over', () => {
	it('cannot record outputs or take room for the next one', async () => {
		const late = createBarrier();
		const refusals: unknown[] = [];
		const reader: Reader = {
			scheme: 'url',
			async read(_, context) {
				await late.wait();
				await context.reserve(1000).catch((error: unknown) => {
					refusals.push(error);
					throw error;
				});
				return new Uint8Array(1000);
			},
		};
		type World = {read: (source: {url: string}) => Promise<unknown>; attempt: number};
		const fetch = async (_: unknown, {read, attempt}: World) => {
			if (attempt > 1) return 'second';
			void read({url: 'https://example.com/'}).catch(() => {});
			throw new TwolaneError('CONNECT_FAILED', 'refused');
		};
		const run = testRun({fetch}, [0], {readers: [reader]});
		const {outcomes} = await run.all();
		expect(outcomes[0]).toMatchObject({status: 'succeeded', result: 'second'});
		late.open();
		await settled();
		expect(refusals).toHaveLength(1);
	});
});
