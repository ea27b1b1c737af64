import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {TwolaneError} from '../../src/lanes/errors.ts';
import {skip} from '../../src/lanes/flow.ts';
import type {Outcome} from '../../src/lanes/outcome.ts';
import type {Run} from '../../src/lanes/run.ts';
import {createBarrier} from '../support/barrier.ts';
import {createFakeClock, settled} from '../support/fake-clock.ts';
import {numbers, testRun} from '../support/lane-setup.ts';

const identity = {fetch: async (item: unknown) => item};
const permanent = (message = 'no') => new TwolaneError('NO_LUCK', message);
const statusOf = ({id, status}: Outcome) => `${id} ${status}`;

async function collect(run: AsyncIterable<Outcome>): Promise<Outcome[]> {
	const outcomes: Outcome[] = [];
	for await (const outcome of run) outcomes.push(outcome);
	return outcomes;
}

describe('a run', () => {
	it('of no items has no outcomes, and is complete', async () => {
		for (const items of [[], new Set(), (async function* () {})()]) {
			const {outcomes, report} = await testRun(identity, items, {total: 0}).all();
			expect(outcomes).toEqual([]);
			expect(report).toMatchObject({
				completionReason: 'ALL_COMPLETED',
				itemCounts: {pending: 0, running: 0, succeeded: 0, failed: 0, skipped: 0, total: 0},
				topErrors: [],
				verdict: {bound: 'balanced'},
			});
		}
	});

	it('of one item has its outcome, with all it says of the item', async () => {
		const item = {url: 'https://example.com/a.jpg'};
		const run = testRun({fetch: async () => 'made'}, [item], {
			open: (given, n) => ({n, id: 'mine', item: given, source: 'https://example.com/a.jpg', meta: {team: 'x'}}),
		});
		const {outcomes} = await run.all();
		expect(outcomes).toEqual([
			{
				n: 0,
				id: 'mine',
				item,
				source: 'https://example.com/a.jpg',
				meta: {team: 'x'},
				status: 'succeeded',
				result: 'made',
				outputs: [],
				attempts: 1,
				timings: {fetchMs: 0},
			},
		]);
	});

	it('of many items has one outcome for each', async () => {
		const {outcomes, report} = await testRun(identity, numbers(2000)).all();
		expect(new Set(outcomes.map(({n}) => n)).size).toBe(2000);
		expect(outcomes.every(({status, n, item}) => status === 'succeeded' && n === item)).toBe(true);
		expect(report.itemCounts).toMatchObject({succeeded: 2000, pending: 0, total: 2000});
	});

	it('in which every item fails is complete all the same', async () => {
		const fails = async (item: number) => {
			throw permanent(`nothing for ${item}`);
		};
		const {outcomes, report} = await testRun({fetch: fails}, numbers(300)).all();
		expect(outcomes).toHaveLength(300);
		expect(outcomes[7]).toMatchObject({
			status: 'failed',
			attempts: 1,
			error: {code: 'NO_LUCK', stage: 'fetch', retryable: false, message: 'nothing for 7.'},
		});
		expect(report).toMatchObject({
			completionReason: 'ALL_COMPLETED',
			itemCounts: {failed: 300},
			topErrors: [{code: 'NO_LUCK', count: 300, example: {id: 'item-0', message: 'nothing for 0.'}}],
		});
	});

	it('hands out outcomes in the order in which items end', async () => {
		const slow = createBarrier();
		const run = testRun({fetch: async (item: number) => (item === 0 ? slow.wait() : undefined)}, numbers(3));
		const outcomes = run[Symbol.asyncIterator]();
		const ids = [(await outcomes.next()).value.id, (await outcomes.next()).value.id];
		slow.open();
		ids.push((await outcomes.next()).value.id);
		expect(ids).toEqual(['item-1', 'item-2', 'item-0']);
		expect((await outcomes.next()).done).toBe(true);
	});

	it('keeps going when a later item fails first', async () => {
		const slow = createBarrier();
		const fetch = async (item: number): Promise<void> => {
			if (item === 1) throw permanent();
			await slow.wait();
		};
		const outcomes = testRun({fetch}, numbers(2))[Symbol.asyncIterator]();
		expect(statusOf((await outcomes.next()).value)).toBe('item-1 failed');
		slow.open();
		expect(statusOf((await outcomes.next()).value)).toBe('item-0 succeeded');
	});

	it('starts nothing before somebody iterates or asks for the report', async () => {
		let pulls = 0;
		function* items() {
			pulls++;
			yield 1;
		}
		const run = testRun(identity, items());
		await settled();
		expect(pulls).toBe(0);
		expect(run.snapshot()).toMatchObject({itemCounts: {pending: 0, running: 0, succeeded: 0}, verdict: {bound: 'balanced'}});
		await run.report();
		expect(pulls).toBe(1);
	});

	it('runs for whoever only asks for the report, once or twice', async () => {
		const run = testRun(identity, numbers(5));
		const [one, two] = await Promise.all([run.report(), run.report()]);
		expect(one.itemCounts.succeeded).toBe(5);
		expect(two).toBe(one);
		expect(run.snapshot()).toBe(one);
	});

	it('gives the report to those who ask while somebody else iterates', async () => {
		const run = testRun(identity, numbers(5));
		const outcomes = collect(run);
		expect((await run.report()).itemCounts.succeeded).toBe(5);
		expect(await outcomes).toHaveLength(5);
	});

	it('is iterated once', async () => {
		const run = testRun(identity, numbers(2));
		await collect(run);
		expect(() => run[Symbol.asyncIterator]()).toThrow('iterated once');
		const asked = testRun(identity, numbers(2));
		await asked.report();
		expect(() => asked[Symbol.asyncIterator]()).toThrow('iterated once');
	});

	it('turns a refused item into its outcome, and does not run it', async () => {
		const error = {code: 'ITEM_INVALID', stage: 'item', retryable: false, message: 'url: must be a whole URL'} as const;
		let calls = 0;
		const fetch = async () => calls++;
		const open = (item: unknown, n: number) => ({n, id: `item-${n}`, item, ...(item === 'bad' && {error})});
		const {outcomes} = await testRun({fetch}, ['bad', 'good'], {open}).all();
		expect(calls).toBe(1);
		expect(outcomes.find(({n}) => n === 0)).toMatchObject({status: 'failed', error, attempts: 0, timings: {}, item: 'bad'});
	});

	it('waits for items that take their time to be checked', async () => {
		const open = async (item: unknown, n: number) => ({n, id: `slow-${n}`, item});
		const {outcomes} = await testRun(identity, numbers(3), {open}).all();
		expect(outcomes.map(({id}) => id)).toEqual(['slow-0', 'slow-1', 'slow-2']);
	});

	it('refuses a tolerance that cannot be, at the call', () => {
		expect(() => testRun(identity, [], {toleratedFailureCount: -1})).toThrow(RangeError);
		expect(() => testRun(identity, [], {toleratedFailurePercentage: 101})).toThrow(RangeError);
	});

	it('leaves no timer behind', async () => {
		const run = testRun({fetch: async () => undefined, store: async () => undefined}, numbers(100));
		await run.all();
		expect(run.clock.pending).toBe(0);
	});
});

describe('a source', () => {
	it('may be asynchronous', async () => {
		async function* items() {
			for (let n = 0; n < 50; n++) {
				await settled();
				yield n;
			}
		}
		const {outcomes, report} = await testRun(identity, items()).all();
		expect(outcomes).toHaveLength(50);
		expect(report.itemCounts).not.toHaveProperty('total');
	});

	it('may be endless: no more is taken than the lanes hold, however slow they are', async () => {
		let taken = 0;
		function* endless() {
			for (;;) yield taken++;
		}
		const blocked = createBarrier();
		const run = testRun({fetch: () => blocked.wait()}, endless(), {limits: {ioConcurrency: 4}});
		const outcomes = run[Symbol.asyncIterator]();
		const first = outcomes.next();
		await settled();
		await settled();
		expect(blocked.arrived).toBe(4);
		expect(taken).toBeLessThanOrEqual(512);
		blocked.open();
		await first;
		await outcomes.return?.();
	});

	it('is not pulled while a slow consumer has enough to do', async () => {
		let taken = 0;
		function* endless() {
			for (;;) yield taken++;
		}
		const outcomes = testRun(identity, endless(), {limits: {ioConcurrency: 4}})[Symbol.asyncIterator]();
		await outcomes.next();
		for (let turn = 0; turn < 50; turn++) await settled();
		expect(taken).toBeLessThanOrEqual(1100);
		const before = taken;
		for (let turn = 0; turn < 50; turn++) await settled();
		expect(taken).toBe(before);
		await outcomes.return?.();
	});

	it('that throws ends the run with its error', async () => {
		function* items() {
			yield 1;
			throw new Error('line 2 is not JSON');
		}
		const run = testRun(identity, items());
		await expect(collect(run)).rejects.toThrow('line 2 is not JSON');
		await expect(run.report()).rejects.toThrow('line 2 is not JSON');
	});

	it('that rejects ends the run, and the calls under way are aborted', async () => {
		const started = createBarrier();
		let reason: unknown;
		async function* items() {
			yield 1;
			await started.reached(1);
			throw new Error('the bucket is gone');
		}
		const fetch = (_: unknown, {signal}: {signal: AbortSignal}) => {
			signal.addEventListener('abort', () => {
				reason = signal.reason;
			});
			return started.wait();
		};
		await expect(collect(testRun({fetch}, items()))).rejects.toThrow('the bucket is gone');
		expect(reason).toEqual(new Error('the bucket is gone'));
	});

	it('that is no source is refused', async () => {
		await expect(testRun(identity, 7 as never).report()).rejects.toThrow(TypeError);
	});

	it('is closed when the consumer has enough', async () => {
		let isClosed = false;
		async function* items() {
			try {
				for (let n = 0; ; n++) yield n;
			} finally {
				isClosed = true;
			}
		}
		for await (const _ of testRun(identity, items())) break;
		await settled();
		expect(isClosed).toBe(true);
	});
});

describe('break', () => {
	it('takes no new item, and waits for those in flight', async () => {
		const rest = createBarrier();
		const started: number[] = [];
		let ended = 0;
		const fetch = async (item: number): Promise<void> => {
			started.push(item);
			if (item > 0) await rest.wait();
			ended++;
		};
		const run = testRun({fetch}, numbers(1000), {limits: {ioConcurrency: 3}});
		const loop = (async () => {
			for await (const _ of run) break;
		})();
		await rest.reached(3);
		rest.open();
		await loop;
		expect(ended).toBe(started.length);
		expect(started.length).toBeLessThan(50);
		const report = await run.report();
		expect(report.completionReason).toBe('INTERRUPTED');
		expect(report.itemCounts).toMatchObject({succeeded: started.length, pending: 1000 - started.length, running: 0, total: 1000});
	});

	it('is not the end of all items when nothing happens to be in flight', async () => {
		const run = testRun(identity, numbers(5000));
		for await (const _ of run) {
			for (let turn = 0; turn < 10; turn++) await settled();
			break;
		}
		expect((await run.report()).completionReason).toBe('INTERRUPTED');
	});

	it('at the last outcome leaves nothing undone', async () => {
		const run = testRun(identity, [1]);
		for await (const _ of run) break;
		expect((await run.report()).completionReason).toBe('ALL_COMPLETED');
	});

	it('does not wait for a source that hangs', async () => {
		async function* items() {
			yield 1;
			await new Promise(() => {});
		}
		const run = testRun(identity, items());
		for await (const _ of run) break;
		expect((await run.report()).itemCounts.succeeded).toBe(1);
	});

	it('by a consumer that throws is the same, and the error is its own', async () => {
		const run = testRun(identity, numbers(100));
		const loop = async () => {
			for await (const _ of run) throw new Error('my disk is full');
		};
		await expect(loop()).rejects.toThrow('my disk is full');
		expect((await run.report()).completionReason).toBe('INTERRUPTED');
	});
});

describe('stop', () => {
	const stopped = (reason?: unknown) => {
		const controller = new AbortController();
		controller.abort(reason);
		return controller.signal;
	};

	it('before the start leaves everything pending', async () => {
		const {outcomes, report} = await testRun(identity, numbers(10), {stop: stopped('DEADLINE_REACHED')}).all();
		expect(outcomes).toEqual([]);
		expect(report).toMatchObject({completionReason: 'DEADLINE_REACHED', itemCounts: {pending: 10, succeeded: 0, running: 0, total: 10}});
	});

	it('before the start of a run of nothing changes nothing', async () => {
		expect((await testRun(identity, [], {stop: stopped()}).all()).report.completionReason).toBe('ALL_COMPLETED');
	});

	it.each(['DEADLINE_REACHED', 'PAUSED', 'CANCELLED', 'INTERRUPTED'])('carries the reason %s to the report', async reason => {
		expect((await testRun(identity, [1], {stop: stopped(reason)}).report()).completionReason).toBe(reason);
	});

	it.each([undefined, 'because', new Error('x'), 7])('calls any other reason an interruption: %s', async reason => {
		expect((await testRun(identity, [1], {stop: stopped(reason)}).report()).completionReason).toBe('INTERRUPTED');
	});

	it('during the run lets what is in flight end, and leaves what waits pending', async () => {
		const inFlight = createBarrier();
		const controller = new AbortController();
		const run = testRun({fetch: () => inFlight.wait(), store: async () => 'stored'}, numbers(100), {
			limits: {ioConcurrency: 5},
			stop: controller.signal,
		});
		const all = run.all();
		await inFlight.reached(5);
		controller.abort('PAUSED');
		inFlight.open();
		const {outcomes, report} = await all;
		expect(outcomes.map(statusOf)).toEqual(numbers(5).map(n => `item-${n} succeeded`));
		expect(inFlight.arrived).toBe(5);
		expect(report).toMatchObject({completionReason: 'PAUSED', itemCounts: {succeeded: 5, pending: 95, total: 100}});
	});

	it('leaves an item pending that waits for its next try', async () => {
		const controller = new AbortController();
		const clock = createFakeClock();
		const fetch = async () => {
			controller.abort('PAUSED');
			throw new TwolaneError('CONNECT_FAILED', 'refused');
		};
		const {outcomes, report} = await testRun({fetch}, [1], {stop: controller.signal, clock}).all();
		expect(outcomes).toEqual([]);
		expect(report).toMatchObject({completionReason: 'PAUSED', itemCounts: {pending: 1, failed: 0}});
		expect(clock.pending).toBe(0);
	});

	it('during the last item leaves nothing, so the run is complete', async () => {
		const controller = new AbortController();
		const fetch = async () => controller.abort('PAUSED');
		expect((await testRun({fetch}, [1], {stop: controller.signal}).report()).completionReason).toBe('ALL_COMPLETED');
	});

	it('after the end changes nothing', async () => {
		const controller = new AbortController();
		const run = testRun(identity, numbers(3), {stop: controller.signal});
		const report = await run.report();
		controller.abort('CANCELLED');
		expect(run.snapshot()).toBe(report);
		expect(report.completionReason).toBe('ALL_COMPLETED');
	});

	it('by the source itself ends the run after the item before', async () => {
		const controller = new AbortController();
		function* items() {
			yield 1;
			controller.abort('PAUSED');
			yield 2;
			expect.unreachable('nobody asked for more');
		}
		const {report} = await testRun(identity, items(), {stop: controller.signal, limits: {ioConcurrency: 1}}).all();
		expect(report.completionReason).toBe('PAUSED');
	});

	it('closes a source that is a generator', async () => {
		const controller = new AbortController();
		let isClosed = false;
		function* items() {
			try {
				for (;;) yield 1;
			} finally {
				isClosed = true;
			}
		}
		await testRun({fetch: async () => controller.abort('PAUSED')}, items(), {stop: controller.signal}).all();
		expect(isClosed).toBe(true);
	});

	it('does not wait for a source that hangs', async () => {
		const controller = new AbortController();
		let isClosing = false;
		const source = {
			[Symbol.asyncIterator]: () => ({
				next: () => new Promise<IteratorResult<unknown>>(() => {}),
				async return() {
					isClosing = true;
					return {done: true as const, value: undefined};
				},
			}),
		};
		const all = testRun(identity, source, {stop: controller.signal}).all();
		await Promise.resolve();
		controller.abort('PAUSED');
		const {outcomes, report} = await all;
		expect(outcomes).toEqual([]);
		expect(report.completionReason).toBe('PAUSED');
		await settled();
		expect(isClosing).toBe(true);
	});
});

describe('signal', () => {
	it('aborted before the start throws its reason and takes no item', async () => {
		const reason = new Error('given up');
		let taken = 0;
		function* items() {
			taken++;
			yield 1;
		}
		const run = testRun(identity, items(), {signal: AbortSignal.abort(reason)});
		await expect(collect(run)).rejects.toBe(reason);
		await expect(run.report()).rejects.toBe(reason);
		expect(taken).toBe(0);
	});

	it('throws its reason, ends the calls in flight by their signals, and starts no other', async () => {
		const controller = new AbortController();
		const reason = new Error('given up');
		const seen: unknown[] = [];
		const hanging = createBarrier();
		const fetch = (_: unknown, {signal}: {signal: AbortSignal}) => {
			signal.addEventListener('abort', () => seen.push(signal.reason));
			return hanging.wait();
		};
		const run = testRun({fetch}, numbers(100), {limits: {ioConcurrency: 5}, signal: controller.signal});
		const loop = collect(run);
		await hanging.reached(5);
		controller.abort(reason);
		await expect(loop).rejects.toBe(reason);
		await settled();
		await expect(run.report()).rejects.toBe(reason);
		expect(seen).toEqual([reason, reason, reason, reason, reason]);
		expect(hanging.arrived).toBe(5);
		expect(run.clock.pending).toBe(0);
	});

	it('throws although everything waits: for a source, or for the next try', async () => {
		const reason = new Error('given up');
		const controller = new AbortController();
		const source = {[Symbol.asyncIterator]: () => ({next: () => new Promise<IteratorResult<unknown>>(() => {})})};
		const waiting = [
			testRun(identity, source, {signal: controller.signal}),
			testRun(
				{
					async fetch() {
						throw new TwolaneError('CONNECT_FAILED', 'refused');
					},
				},
				numbers(3),
				{signal: controller.signal},
			),
		];
		const loops = Promise.allSettled(waiting.map(run => collect(run)));
		await settled();
		controller.abort(reason);
		expect(await loops).toEqual(waiting.map(() => ({status: 'rejected', reason})));
		for (const run of waiting) expect(run.clock.pending).toBe(0);
	});

	it('reaches a consumer that still has outcomes to come', async () => {
		const controller = new AbortController();
		const run = testRun(identity, numbers(100), {signal: controller.signal});
		const seen: Outcome[] = [];
		const loop = async () => {
			for await (const outcome of run) {
				seen.push(outcome);
				controller.abort(new Error('given up'));
			}
		};
		await expect(loop()).rejects.toThrow('given up');
		expect(seen).toHaveLength(1);
	});

	it('after the end changes nothing', async () => {
		const controller = new AbortController();
		const run = testRun(identity, numbers(3), {signal: controller.signal});
		const report = await run.report();
		controller.abort(new Error('too late'));
		expect(await run.report()).toBe(report);
	});
});

describe('a tolerance', () => {
	const failing = (isBad: (item: number) => boolean) => ({
		async fetch(item: number) {
			if (isBad(item)) throw permanent();
		},
	});

	it('of a count stops the run at the failure beyond it', async () => {
		const run = testRun(
			failing(() => true),
			numbers(1000),
			{toleratedFailureCount: 10, limits: {ioConcurrency: 1}},
		);
		const {report} = await run.all();
		expect(report.completionReason).toBe('FAILURE_TOLERANCE_EXCEEDED');
		// The next call starts the moment its place is free, which is before anybody has counted the failure.
		expect([11, 12]).toContain(report.itemCounts.failed);
		expect(report.itemCounts).toMatchObject({pending: 1000 - (report.itemCounts.failed ?? 0), total: 1000});
	});

	it('that an earlier session has used up takes no item', async () => {
		const before = {succeeded: 3, failed: 2, skipped: 0};
		const {report} = await testRun(
			failing(() => false),
			numbers(10),
			{toleratedFailureCount: 1, before, total: 15},
		).all();
		expect(report).toMatchObject({completionReason: 'FAILURE_TOLERANCE_EXCEEDED', itemCounts: {succeeded: 3, failed: 2, pending: 10}});
	});

	it('that is just reached does not stop it', async () => {
		const {report} = await testRun(
			failing(item => item < 10),
			numbers(100),
			{toleratedFailureCount: 10},
		).all();
		expect(report).toMatchObject({completionReason: 'ALL_COMPLETED', itemCounts: {failed: 10, succeeded: 90}});
	});

	it('in percent of an unknown total is judged at the end, too', async () => {
		const {report} = await testRun(
			failing(item => item === 0),
			new Set(numbers(4)),
			{toleratedFailurePercentage: 20},
		).all();
		expect(report.completionReason).toBe('FAILURE_TOLERANCE_EXCEEDED');
		expect(report.itemCounts).toMatchObject({failed: 1, succeeded: 3});
	});

	it('in percent says nothing of a run that was stopped after a few items', async () => {
		const controller = new AbortController();
		const fetch = async (item: number) => {
			if (item === 0) throw permanent();
			controller.abort('PAUSED');
		};
		const run = testRun({fetch}, new Set(numbers(100)), {
			toleratedFailurePercentage: 20,
			stop: controller.signal,
			limits: {ioConcurrency: 1},
		});
		const {report} = await run.all();
		expect(report.completionReason).toBe('PAUSED');
	});
});

describe('the snapshot', () => {
	/** All items are somewhere, and nowhere twice. */
	const check = (run: Run, total: number): void => {
		const {
			pending = Number.NaN,
			running = Number.NaN,
			succeeded = Number.NaN,
			failed = Number.NaN,
			skipped = Number.NaN,
		} = run.snapshot().itemCounts;
		expect(pending + running + succeeded + failed + skipped).toBe(total);
		expect(Math.min(pending, running, succeeded, failed, skipped)).toBeGreaterThanOrEqual(0);
	};

	it('adds up to the total at any moment of any run', async () => {
		const fate = fc.constantFrom('ok', 'fail', 'skip', 'retry');
		await fc.assert(
			fc.asyncProperty(
				fc.array(fc.tuple(fate, fc.integer({min: 0, max: 50})), {maxLength: 60}),
				fc.integer({min: 1, max: 8}),
				fc.option(fc.integer({min: 0, max: 100})),
				async (fates, ioConcurrency, stopAfterMs) => {
					const clock = createFakeClock();
					const controller = new AbortController();
					const fetch = async ([fate, ms]: [string, number], {attempt}: {attempt: number}): Promise<unknown> => {
						await clock.sleep(ms);
						check(run, fates.length);
						if (fate === 'fail') throw permanent();
						if (fate === 'retry' && attempt === 1) throw new TwolaneError('CONNECT_FAILED', 'refused');
						return fate === 'skip' ? skip('why not') : fate;
					};
					const run = testRun({fetch}, fates, {clock, limits: {ioConcurrency}, stop: controller.signal});
					check(run, fates.length);
					if (stopAfterMs !== null) clock.after(stopAfterMs, () => controller.abort('PAUSED'));
					const {outcomes, report} = await run.all();
					check(run, fates.length);
					expect(report.itemCounts.running).toBe(0);
					expect(report.itemCounts.pending).toBe(fates.length - outcomes.length);
					expect(report.completionReason).toBe(outcomes.length === fates.length ? 'ALL_COMPLETED' : 'PAUSED');
				},
			),
			{numRuns: 60},
		);
	});

	it('shows how full the lanes are, and how fast they go', async () => {
		const clock = createFakeClock();
		const run = testRun({fetch: () => clock.sleep(100)}, numbers(20), {clock, limits: {ioConcurrency: 4}});
		const all = run.all();
		await settled();
		const {waiting, ...io} = run.snapshot().lanes.io;
		expect(io).toEqual({inFlight: 4, limit: 4});
		expect(waiting).toBeGreaterThan(4);
		const {report} = await all;
		expect(report).toMatchObject({throughput: 40, wallSeconds: 0.5, lanes: {io: {inFlight: 0, waiting: 0}}});
		expect(report.stages.fetch).toEqual({count: 20, p50Ms: 100, p95Ms: 100, p99Ms: 100});
	});

	it('and the report can be written as JSON', async () => {
		const {report} = await testRun({fetch: async () => skip('x')}, numbers(3)).all();
		expect(JSON.parse(JSON.stringify(report))).toEqual(report);
	});
});

describe('outcomes that nobody takes', () => {
	it('make no room for further items', async () => {
		let started = 0;
		const run = testRun({fetch: async () => ++started}, numbers(5000));
		const outcomes = run[Symbol.asyncIterator]();
		await outcomes.next();
		for (let turn = 0; turn < 200; turn++) await settled();
		expect(started).toBeLessThan(200);
		await outcomes.return?.();
	});
});

describe('a run that is closed before it was pulled', () => {
	it('ends with everything pending', async () => {
		const run = testRun({fetch: async () => 1}, numbers(3));
		await run[Symbol.asyncIterator]().return?.();
		expect(await run.report()).toMatchObject({completionReason: 'INTERRUPTED', itemCounts: {succeeded: 0}});
	});
});

describe('data with a field called skipped', () => {
	it('is data, and its item goes on to the store', async () => {
		const {outcomes} = await testRun(
			{fetch: async () => ({skipped: 'no'}), store: async (value: {skipped: string}) => value.skipped},
			numbers(1),
		).all();
		expect(outcomes).toMatchObject([{status: 'succeeded', result: 'no'}]);
	});
});
