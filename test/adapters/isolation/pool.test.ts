import {afterAll, describe, expect, it} from 'vitest';
import {createIsolatedPool} from '../../../src/adapters/isolation/pool.ts';
import {createPool} from '../../../src/adapters/pool/pool.ts';
import type {CpuEnding} from '../../../src/lanes/ports.ts';
import {callOf} from '../../support/thread-calls.ts';
import {codeOf, crashCall, valueOf} from './calls.ts';

const shared = createIsolatedPool();
const threads = createPool({threads: 1});
afterAll(() => Promise.all([shared[Symbol.asyncDispose](), threads[Symbol.asyncDispose]()]));

/** All of an ending but its times and its cause, which stays in its process. */
const tell = (ending: CpuEnding): unknown => {
	if (ending.ok) return {value: ending.value};
	const {name, code, message, stage, retryable} = ending.error;
	return {name, code, message, stage, retryable};
};
const misbehave = (kind: string) => callOf('misbehave', {kind});

describe('a task', () => {
	it('comes back with what the module made of input and task', async () => {
		const ending = await shared.run(callOf('echo', {a: [1, null, new Map([['x', 2n]])]}));
		expect(ending).toMatchObject({
			ok: true,
			value: {input: {a: [1, null, new Map([['x', 2n]])]}, task: {id: 'a', item: 'the item', options: {}}},
		});
		expect(ending.queueMs).toBeGreaterThanOrEqual(0);
		expect(ending.runMs).toBeGreaterThanOrEqual(0);
	});

	it.each([
		['nothing'],
		['skip'],
		['plain error'],
		['own code'],
		['foreign class'],
		['throws undefined'],
		['function'],
		['deep function'],
		['stream'],
		['promise'],
		['wasm'],
		['exit'],
	])('that spares its process ends as on a thread: %s', async kind => {
		expect(tell(await shared.run(misbehave(kind)))).toEqual(tell(await threads.run(misbehave(kind))));
	});

	it.each([
		['broken', 'no licence key'],
		['no-default', 'no default export'],
		['not-there', 'not-there.ts'],
	])('of a module that cannot be used (%s) fails', async (name, message) => {
		expect(await shared.run(callOf(name))).toMatchObject({
			ok: false,
			error: {code: 'TRANSFORM_FAILED', message: expect.stringContaining(message)},
		});
	});

	it.each([
		['its input', {input: {page: {render: () => 1}}}, 'input.page.render'],
		['its item', {task: {id: 'a', item: {open: () => 1}, options: undefined}}, 'item.open'],
		['its options', {task: {id: 'a', item: 1, options: {log: () => 1}}}, 'options.log'],
		['its input, as shared memory', {input: new SharedArrayBuffer(8)}, 'a value'],
	])('with what cannot cross in %s is NOT_CLONEABLE', async (_, others, where) => {
		expect(await shared.run(callOf('echo', 1, others))).toMatchObject({
			ok: false,
			error: {code: 'NOT_CLONEABLE', stage: 'transform', retryable: false, message: expect.stringContaining(where)},
		});
	});

	it.each(['blob', 'shared memory'])('with a result that leaves its thread but not its process (%s) is NOT_CLONEABLE', async kind => {
		expect(await shared.run(crashCall(kind))).toMatchObject({
			ok: false,
			error: {code: 'NOT_CLONEABLE', stage: 'transform', message: expect.stringContaining('result')},
		});
	});

	it('has a time limit that counts neither the start of the process nor the loading of the module', async () => {
		await using pool = createIsolatedPool();
		expect(await pool.run(callOf('slow-to-load', undefined, {timeoutMs: 300}))).toMatchObject({ok: true, value: 'loaded'});
	});
});

describe('bytes', () => {
	it('are copied, also those that may be moved', async () => {
		const bytes = new Uint8Array(5_000_000);
		const made = valueOf(await shared.run(callOf('moved', bytes, {transfer: [bytes.buffer]}))) as Uint8Array;
		expect([made.length, made[0], made[1]]).toEqual([5_000_000, 42, 0]);
		expect([bytes.length, bytes[0]]).toEqual([5_000_000, 0]);
	});

	it('arrive in memory of their own, as on a thread', async () => {
		const made = valueOf(await shared.run(callOf('echo', {small: Buffer.from('abc'), floats: new Float64Array([1.5])}))) as {
			input: {small: Uint8Array; floats: Float64Array};
		};
		const {small, floats} = made.input;
		expect(Object.getPrototypeOf(small)).toBe(Uint8Array.prototype);
		expect(Buffer.from(small).toString()).toBe('abc');
		expect([floats, floats.byteOffset, floats.buffer.byteLength]).toEqual([new Float64Array([1.5]), 0, 8]);
	});

	it('that were moved away before are named', async () => {
		const bytes = new Uint8Array(10);
		structuredClone(bytes, {transfer: [bytes.buffer]});
		expect(await shared.run(callOf('echo', {photo: bytes}))).toMatchObject({
			ok: false,
			error: {code: 'NOT_CLONEABLE', message: expect.stringContaining('input.photo')},
		});
	});
});

describe('a crash', () => {
	it.each([
		['segfault', 'NATIVE_CRASH', 'SIGSEGV'],
		['bus error', 'NATIVE_CRASH', 'SIGBUS'],
		['illegal instruction', 'NATIVE_CRASH', 'SIGILL'],
		['abort', 'NATIVE_CRASH', 'SIGABRT'],
		['out-of-memory killer', 'NATIVE_CRASH', 'SIGKILL'],
		['ended by somebody', 'THREAD_DIED', 'SIGTERM'],
		['full heap', 'THREAD_OUT_OF_MEMORY', 'out of memory'],
		['full heap at once', 'THREAD_OUT_OF_MEMORY', 'out of memory'],
	])('by %s is %s, and the next task runs', async (kind, code, message) => {
		expect(await shared.run(crashCall(kind))).toMatchObject({
			ok: false,
			error: {code, stage: 'transform', retryable: false, message: expect.stringContaining(message)},
		});
		expect(await shared.run(crashCall())).toMatchObject({ok: true, value: 'done'});
	});

	it.each(['never ends', 'never ends in JavaScript'])('is prevented at the time limit of a task that %s', async kind => {
		const ending = await shared.run(crashCall(kind, {timeoutMs: 200}));
		expect(ending).toMatchObject({ok: false, error: {code: 'TRANSFORM_TIMEOUT', message: expect.stringContaining('200 ms')}});
		expect(ending.runMs).toBeGreaterThanOrEqual(199);
		expect(await shared.run(crashCall())).toMatchObject({ok: true});
	});

	it('that an earlier task left behind is not charged to the one that it hits', async () => {
		const culprit = valueOf(await shared.run(crashCall('segfault later')));
		const victim = valueOf(await shared.run(crashCall('takes a while')));
		expect(victim).toBeTypeOf('number');
		expect(victim).not.toBe(culprit);
	});

	it('costs nobody else anything: 3 of 50', async () => {
		const poison = new Map([
			[7, 'segfault'],
			[8, 'abort'],
			[49, 'segfault'],
		]);
		const endings = await Promise.all(Array.from({length: 50}, (_, n) => shared.run(crashCall(poison.get(n)))));
		const failures = endings.flatMap((ending, n) => (ending.ok ? [] : [[n, ending.error.code]]));
		expect(failures).toEqual([...poison.keys()].map(n => [n, 'NATIVE_CRASH']));
		expect(shared).toMatchObject({busy: 0, queued: 0});
	});
});

describe('the process', () => {
	it('stays from task to task, and is another one than ours', async () => {
		const pids = await Promise.all([1, 2, 3].map(async () => valueOf(await shared.run(crashCall('pid')))));
		expect(new Set(pids).size).toBe(1);
		expect(pids[0]).not.toBe(process.pid);
	});

	it('may be started ahead', async () => {
		await using pool = createIsolatedPool();
		await pool.warm(new URL('crash.ts', import.meta.url));
		// The first task of a process is to blame for its end, also in one that was there before.
		expect(codeOf(await pool.run(crashCall('segfault')))).toBe('NATIVE_CRASH');
	});

	it('that cannot be started is an error of the machine, not of the item', async () => {
		const {execPath} = process;
		await using pool = createIsolatedPool();
		process.execPath = '/not/there';
		const lost = pool.run(crashCall()).finally(() => (process.execPath = execPath));
		await expect(lost).rejects.toMatchObject({name: 'TwolaneError', stage: 'run', message: expect.stringContaining('ENOENT')});
		expect(await pool.run(crashCall())).toMatchObject({ok: true});
	});
});

describe('a module that ends the process while it is loaded', () => {
	const file = new URL('../../fixtures/crash/crash-on-load.ts', import.meta.url);

	it('is an error of the run, which says what to do, and of no item', async () => {
		const lost = shared.run(callOf('', undefined, {file}));
		await expect(lost).rejects.toMatchObject({name: 'TwolaneError', code: 'TRANSFORM_FAILED', stage: 'run', retryable: false});
		await expect(lost).rejects.toThrow(/crash-on-load\.ts crashes a process while it is loaded \(SIGILL.*No item is to blame.*continue/u);
		expect(await shared.run(crashCall())).toMatchObject({ok: true, value: 'done'});
	});

	it('is found in a process that other modules have used before', async () => {
		expect(await shared.run(crashCall())).toMatchObject({ok: true});
		await expect(shared.run(callOf('', undefined, {file}))).rejects.toMatchObject({stage: 'run'});
	});
});

describe('tasks', () => {
	it('run one at a time, in the order they came', async () => {
		const order: number[] = [];
		const waiting = [50, 0, 0].map(async (ms, n) => {
			await shared.run(callOf('work', {kind: 'waits', ms}));
			order.push(n);
		});
		expect(shared).toMatchObject({threads: 1, busy: 1, queued: 2});
		await Promise.all(waiting);
		expect(order).toEqual([0, 1, 2]);
		expect(shared).toMatchObject({busy: 0, queued: 0});
	});
});

describe('a closed pool', () => {
	it('says so to whoever uses it', async () => {
		const pool = createIsolatedPool();
		await pool.run(crashCall());
		await pool[Symbol.asyncDispose]();
		await pool[Symbol.asyncDispose]();
		await expect((async () => pool.run(crashCall()))()).rejects.toThrow(/closed.*createIsolatedPool/u);
	});

	it('leaves no task without an answer', async () => {
		const pool = createIsolatedPool();
		const tasks = ['never ends', undefined].map(kind => pool.run(crashCall(kind)));
		await pool[Symbol.asyncDispose]();
		expect((await Promise.all(tasks)).map(codeOf)).toEqual(['THREAD_DIED', 'THREAD_DIED']);
	});

	it('starts no process to be warmed', async () => {
		const pool = createIsolatedPool();
		await pool[Symbol.asyncDispose]();
		const {execPath} = process;
		process.execPath = '/not/there';
		await pool.warm(new URL('crash.ts', import.meta.url));
		process.execPath = execPath;
		await expect((async () => pool.run(crashCall()))()).rejects.toThrow('closed');
	});
});
