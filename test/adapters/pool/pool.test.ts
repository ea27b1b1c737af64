import {afterAll, describe, expect, it} from 'vitest';
import {createPool} from '../../../src/adapters/pool/pool.ts';
import type {CpuEnding} from '../../../src/lanes/ports.ts';
import {sharedGate} from '../../support/shared-gate.ts';
import {callOf, threadModule} from '../../support/thread-calls.ts';

const shared = createPool({threads: 2});
afterAll(() => shared[Symbol.asyncDispose]());

const misbehave = (kind: string, others: object = {}) => callOf('misbehave', {kind, ...others});
const valueOf = (ending: CpuEnding): unknown => (ending.ok ? ending.value : ending.error);

describe('a task', () => {
	it('comes back with what the module made of input and task', async () => {
		const ending = await shared.run(callOf('echo', {a: [1, null, 'x']}));
		expect(ending).toMatchObject({ok: true, value: {input: {a: [1, null, 'x']}, task: {id: 'a', item: 'the item', options: {}}}});
		expect(ending.queueMs).toBeGreaterThanOrEqual(0);
		expect(ending.runMs).toBeGreaterThanOrEqual(0);
	});

	it('may come back with nothing, or with a skip', async () => {
		expect(await shared.run(misbehave('nothing'))).toMatchObject({ok: true, value: undefined});
		expect(await shared.run(misbehave('skip'))).toMatchObject({ok: true, value: {skipped: 'not worth it'}});
	});

	it.each([
		['plain error', {code: 'TRANSFORM_FAILED', message: 'the width is 0', retryable: false}],
		['own code', {code: 'NO_FACE', message: 'no face in the picture', retryable: true}],
		['foreign class', {code: 'IMAGE_TRUNCATED', message: 'cut off', retryable: false}],
		['throws undefined', {code: 'TRANSFORM_FAILED', message: 'undefined'}],
		['throws an object without text', {code: 'TRANSFORM_FAILED'}],
	])('that fails with %s says so', async (kind, error) => {
		expect(await shared.run(misbehave(kind))).toMatchObject({ok: false, error: {name: 'TwolaneError', stage: 'transform', ...error}});
	});

	it.each([
		['function', 'result, '],
		['deep function', 'result.pages[1].render'],
		['symbol', 'result, '],
		['stream', 'result.body'],
		['promise', 'result.later'],
	])('that returns a %s is NOT_CLONEABLE and names where', async (kind, where) => {
		expect(await shared.run(misbehave(kind))).toMatchObject({
			ok: false,
			error: {code: 'NOT_CLONEABLE', retryable: false, message: expect.stringContaining(where)},
		});
	});

	it.each([
		['its input', {input: {page: {render: () => 1}}}, 'input.page.render'],
		['its item', {task: {id: 'a', item: {open: () => 1}, options: undefined}}, 'item.open'],
		['its options', {task: {id: 'a', item: 1, options: {log: () => 1}}}, 'options.log'],
	])('with a function in %s is NOT_CLONEABLE and names where, and the pool goes on', async (_, others, where) => {
		expect(await shared.run(callOf('echo', 1, others))).toMatchObject({
			ok: false,
			error: {code: 'NOT_CLONEABLE', message: expect.stringContaining(where)},
		});
		expect(await shared.run(callOf('echo', 1))).toMatchObject({ok: true});
		expect(shared).toMatchObject({busy: 0, queued: 0});
	});

	it.each([
		['broken', 'no licence key'],
		['no-default', 'no default export'],
		['not-there', 'not-there.ts'],
	])('of a module that cannot be used (%s) fails, each one of them', async (name, message) => {
		const endings = await Promise.all(Array.from({length: 5}, () => shared.run(callOf(name))));
		for (const ending of endings) {
			expect(ending).toMatchObject({ok: false, error: {code: 'TRANSFORM_FAILED', message: expect.stringContaining(message)}});
		}
		expect(await shared.run(callOf('echo', 1))).toMatchObject({ok: true});
	});
});

describe('bytes', () => {
	it('that are ours are moved, and come back moved', async () => {
		const bytes = new Uint8Array(5_000_000);
		const ending = await shared.run(callOf('moved', bytes, {transfer: [bytes.buffer]}));
		expect(bytes.byteLength).toBe(0);
		const made = valueOf(ending) as Uint8Array;
		expect([made.length, made[0], made[1]]).toEqual([5_000_000, 42, 0]);
	});

	it('that are the caller’s own are copied', async () => {
		const bytes = new Uint8Array(100_000);
		const made = valueOf(await shared.run(callOf('moved', bytes))) as Uint8Array;
		expect([made.length, made[0]]).toEqual([100_000, 42]);
		expect([bytes.length, bytes[0]]).toEqual([100_000, 0]);
	});

	it('of a large result arrive whole', async () => {
		const made = valueOf(await shared.run(misbehave('large'))) as Uint8Array;
		expect([made.length, made[0], made.at(-1)]).toEqual([1_000_000, 9, 9]);
	});

	it('that a module keeps and returns again are never silently empty', async () => {
		const endings: CpuEnding[] = [];
		for (let n = 0; n < 6; n++) endings.push(await shared.run(misbehave('constant')));
		const [first, ...others] = endings.map(ending => (ending.ok ? (ending.value as Uint8Array).length : ending.error.code));
		expect(first).toBe(100_000);
		// Each thread can send it once; then it says so.
		expect(others.filter(other => other !== 100_000 && other !== 'NOT_CLONEABLE')).toEqual([]);
		expect(others.at(-1)).toBe('NOT_CLONEABLE');
	});

	it('of a wasm memory, which cannot be moved, are copied', async () => {
		expect(valueOf(await shared.run(misbehave('wasm')))).toHaveLength(131_072);
	});

	it('that cannot be sent because they were moved before are named', async () => {
		const bytes = new Uint8Array(10);
		structuredClone(bytes, {transfer: [bytes.buffer]});
		expect(await shared.run(callOf('echo', {photo: bytes}))).toMatchObject({
			ok: false,
			error: {code: 'NOT_CLONEABLE', message: expect.stringContaining('input.photo')},
		});
	});
});

describe('many short tasks', () => {
	it('each get their own result, in whatever company they travel', async () => {
		await shared.run(callOf('echo', 0));
		const endings = await Promise.all(Array.from({length: 500}, (_, n) => shared.run(callOf('echo', n))));
		expect(endings.map(ending => (valueOf(ending) as {input: number}).input)).toEqual(Array.from({length: 500}, (_, n) => n));
	});

	it('of a module that uses one object for all its results each get what it was for them', async () => {
		for (let n = 0; n < 10; n++) await shared.run(misbehave('scratch', {value: n}));
		const endings = await Promise.all(Array.from({length: 300}, (_, n) => shared.run(misbehave('scratch', {value: n % 200}))));
		for (const [n, ending] of endings.entries()) {
			expect(valueOf(ending)).toEqual({value: n % 200, bytes: new Uint8Array(8).fill(n % 200)});
		}
	});

	it('do not suffer from one among them that fails, cannot travel, or kills its thread', async () => {
		for (let n = 0; n < 10; n++) await shared.run(misbehave('work'));
		const bad = new Map([
			[10, misbehave('plain error')],
			[20, callOf('misbehave', {kind: 'work', counter: () => 1})],
			[30, misbehave('exit')],
		]);
		const endings = await Promise.all(Array.from({length: 60}, (_, n) => shared.run(bad.get(n) ?? misbehave('work'))));
		const failures = endings.flatMap((ending, n) => (ending.ok ? [] : [[n, ending.error.code]]));
		expect(failures).toEqual([
			[10, 'TRANSFORM_FAILED'],
			[20, 'NOT_CLONEABLE'],
			[30, 'THREAD_DIED'],
		]);
	});
});

describe('a thread', () => {
	it('that ends takes its own task with it, and is replaced', async () => {
		const endings = await Promise.all(['exit', 'work', 'work', 'exit', 'work'].map(kind => shared.run(misbehave(kind))));
		expect(endings.map(ending => (ending.ok ? 'ok' : ending.error.code))).toEqual(['THREAD_DIED', 'ok', 'ok', 'THREAD_DIED', 'ok']);
	});

	it('that never ends is ended at its time limit, while the others go on', async () => {
		await shared.warm(threadModule('misbehave'));
		const stuck = shared.run(callOf('misbehave', {kind: 'loop'}, {timeoutMs: 400}));
		const others = await Promise.all(Array.from({length: 4}, () => shared.run(misbehave('work'))));
		expect(others.every(({ok}) => ok)).toBe(true);
		const ending = await stuck;
		expect(ending).toMatchObject({ok: false, error: {code: 'TRANSFORM_TIMEOUT', message: expect.stringContaining('400 ms')}});
		// The issue: about its limit.
		expect(ending.runMs).toBeGreaterThanOrEqual(399);
		expect(ending.runMs).toBeLessThan(4000);
		expect(await shared.run(misbehave('work'))).toMatchObject({ok: true});
	});

	it('killed by what a finished task left behind takes one later task with it, and runs it well alone', async () => {
		await using pool = createPool({threads: 1});
		const before = valueOf(await pool.run(misbehave('work')));
		expect(await pool.run(misbehave('throws later'))).toMatchObject({ok: true});
		// Threads sleep between tasks: the stray timer goes off while the next one waits for something.
		const victim = callOf('work', {kind: 'waits', ms: 50});
		expect(await pool.run(victim)).toMatchObject({ok: false, error: {code: 'THREAD_DIED'}});
		expect(await pool.run({...victim, alone: true})).toMatchObject({ok: true});
		expect(valueOf(await pool.run(misbehave('work')))).not.toBe(before);
	});

	it('runs the top-level await of a module once', async () => {
		await using pool = createPool({threads: 2});
		const endings = await Promise.all(Array.from({length: 20}, () => pool.run(callOf('initialised'))));
		const made = endings.map(ending => valueOf(ending) as {threadId: number; loads: number});
		expect(made.every(({loads}) => loads === 1)).toBe(true);
		expect(new Set(made.map(({threadId}) => threadId)).size).toBeLessThanOrEqual(2);
	});
});

describe('the number of threads', () => {
	it.each([1, 3])('is taken as it is: %i', async threads => {
		await using pool = createPool({threads});
		const gate = sharedGate();
		const tasks = Array.from({length: threads + 3}, () => pool.run(callOf('gate', {state: gate.state})));
		await gate.reached(threads);
		expect(pool).toMatchObject({threads, busy: threads, queued: 3});
		gate.open();
		await Promise.all(tasks);
		expect(gate.most).toBe(threads);
		expect(pool).toMatchObject({busy: 0, queued: 0});
	});

	it("is twice the cores when it is 'auto' and the transforms wait", async () => {
		await using pool = createPool({threads: 'auto', cores: 1});
		expect(pool.threads).toBe(1);
		while (pool.threads === 1) await Promise.all(Array.from({length: 8}, () => pool.run(callOf('work', {kind: 'waits', ms: 10}))));
		expect(pool.threads).toBe(2);
		const gate = sharedGate();
		const tasks = [0, 1, 2].map(() => pool.run(callOf('gate', {state: gate.state})));
		await gate.reached(2);
		gate.open();
		await Promise.all(tasks);
		expect(gate.most).toBe(2);
	});

	it("stays at the cores when it is 'auto' and the transforms compute", async () => {
		await using pool = createPool({threads: 'auto', cores: 1});
		await pool.warm(threadModule('work'));
		for (let round = 0; round < 5; round++) {
			await Promise.all(Array.from({length: 8}, () => pool.run(callOf('work', {kind: 'computes', ms: 10}))));
			expect(pool.threads).toBe(1);
		}
	});
});

describe('a task that runs alone', () => {
	it('waits until no other is in a thread, has a thread of its own, and holds up those after it', async () => {
		await using pool = createPool({threads: 2});
		const gate = sharedGate();
		const before = [0, 1].map(() => pool.run(callOf('gate', {state: gate.state})));
		await gate.reached(2);
		const alone = pool.run(callOf('gate', {state: gate.state, isWaiting: false}, {alone: true}));
		const after = [0, 1].map(() => pool.run(callOf('gate', {state: gate.state, isWaiting: false})));
		expect(pool).toMatchObject({busy: 2, queued: 3});
		gate.open();
		const endings = (await Promise.all([...before, alone, ...after])).map(ending => valueOf(ending) as {others: number; threadId: number});
		expect(endings[2]?.others).toBe(0);
		const sharedThreads = [0, 1, 3, 4].map(n => endings[n]?.threadId);
		expect(sharedThreads).not.toContain(endings[2]?.threadId);
		expect(gate.most).toBe(2);
	});

	it.each([
		['dies', callOf('misbehave', {kind: 'exit'}, {alone: true}), 'THREAD_DIED'],
		['never ends', callOf('misbehave', {kind: 'loop'}, {alone: true, timeoutMs: 300}), 'TRANSFORM_TIMEOUT'],
		['cannot travel', callOf('echo', () => 1, {alone: true}), 'NOT_CLONEABLE'],
		['has no module', callOf('broken', 1, {alone: true}), 'TRANSFORM_FAILED'],
	])('and %s lets the others go on', async (_, call, code) => {
		const [alone, other] = await Promise.all([shared.run(call), shared.run(misbehave('work'))]);
		expect(alone).toMatchObject({ok: false, error: {code}});
		expect(other).toMatchObject({ok: true});
	});
});

describe('a closed pool', () => {
	it('says so to whoever uses it', async () => {
		const pool = createPool({threads: 1});
		await pool.run(misbehave('work'));
		await pool[Symbol.asyncDispose]();
		await expect((async () => pool.run(misbehave('work')))()).rejects.toThrow(/closed.*createCpuPool/u);
	});

	it('may be closed twice, and before its first task', async () => {
		const pool = createPool({threads: 1});
		await pool[Symbol.asyncDispose]();
		await pool[Symbol.asyncDispose]();
		await expect((async () => pool.run(misbehave('work')))()).rejects.toThrow('closed');
	});

	it('opens no threads to be warmed', async () => {
		const pool = createPool({threads: 1});
		await pool[Symbol.asyncDispose]();
		let opened = 0;
		const count = () => opened++;
		process.on('worker', count);
		await pool.warm(threadModule('work'));
		process.off('worker', count);
		expect(opened).toBe(0);
	});

	it('leaves no task without an answer', async () => {
		const pool = createPool({threads: 1});
		const gate = sharedGate();
		const tasks = [0, 1, 2].map(() => pool.run(callOf('gate', {state: gate.state})));
		await gate.reached(1);
		const closing = pool[Symbol.asyncDispose]();
		gate.open();
		const endings = await Promise.allSettled(tasks);
		await closing;
		expect(endings).toHaveLength(3);
	});
});

describe('warm', () => {
	it('loads the module in every thread before the first task', async () => {
		await using pool = createPool({threads: 2});
		await pool.warm(threadModule('initialised'));
		const gate = sharedGate();
		const both = [0, 1].map(() => pool.run(callOf('gate', {state: gate.state})));
		await gate.reached(2);
		gate.open();
		await Promise.all(both);
		expect(await pool.run(callOf('initialised'))).toMatchObject({ok: true, value: {loads: 1}});
	});

	it('keeps quiet about a module that cannot be loaded: its tasks will tell', async () => {
		await expect(shared.warm(threadModule('broken'))).resolves.toBeUndefined();
	});

	it('is not charged to the first tasks, nor to one that runs alone: their time limits count work', async () => {
		await using pool = createPool({threads: 1});
		const warming = pool.warm(threadModule('slow-to-load'));
		const limited = {timeoutMs: 300};
		const first = pool.run(callOf('slow-to-load', undefined, limited));
		expect(await first).toMatchObject({ok: true, value: 'loaded'});
		await warming;
		expect(await pool.run(callOf('slow-to-load', undefined, {...limited, alone: true}))).toMatchObject({ok: true, value: 'loaded'});
	});
});
