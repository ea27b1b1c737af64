import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {text} from 'node:stream/consumers';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {z} from 'zod';
import {type Outcome, cpu, createCpuPool, defineFlow, fanOut, sourceItem} from '../src/index.ts';
import {anyItem, numbers, sha256} from './support/lane-setup.ts';
import {memoryStore} from './support/memory-store.ts';
import {sharedGate} from './support/shared-gate.ts';
import {threadModule} from './support/thread-calls.ts';

let folder: string;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'twolane-'));
});
afterAll(() => rm(folder, {recursive: true}));

async function collect<Item, Result>(run: AsyncIterable<Outcome<Item, Result>>): Promise<Outcome<Item, Result>[]> {
	const outcomes: Outcome<Item, Result>[] = [];
	for await (const outcome of run) outcomes.push(outcome);
	return outcomes;
}

const double = defineFlow({name: 'double', item: z.number(), fetch: async n => n * 2});
const gateFlow = (timeoutMs = 20_000) =>
	defineFlow({name: 'gate', item: anyItem, transform: cpu<{default: (input: unknown) => unknown}>(threadModule('gate'), {timeoutMs})});
const misbehave = defineFlow({
	name: 'misbehave',
	item: anyItem,
	transform: cpu<{default: (input: unknown) => unknown}>(threadModule('misbehave')),
});

describe('fanOut', () => {
	it('runs a flow over an array, a set, a generator and an async generator', async () => {
		async function* later() {
			yield* [1, 2];
		}
		for (const items of [[1, 2], new Set([1, 2]), [1, 2].values(), later()]) {
			const results = (await collect(fanOut(double, items))).map(outcome => outcome.status === 'succeeded' && outcome.result);
			expect(results).toEqual(expect.arrayContaining([2, 4]));
			expect(results).toHaveLength(2);
		}
	});

	it('of nothing is a run with no outcomes', async () => {
		const run = fanOut(double, []);
		expect(await collect(run)).toEqual([]);
		expect(await run.report()).toMatchObject({
			runId: 'in-memory',
			flow: 'double',
			completionReason: 'ALL_COMPLETED',
			itemCounts: {total: 0},
		});
	});

	it('turns an item that does not fit the schema into an outcome', async () => {
		const outcomes = await collect(fanOut(double, [1, 'two' as unknown as number]));
		expect(outcomes.find(({n}) => n === 1)).toMatchObject({status: 'failed', attempts: 0, error: {code: 'ITEM_INVALID', stage: 'item'}});
		expect(outcomes.find(({n}) => n === 0)).toMatchObject({status: 'succeeded', result: 2});
	});

	it('takes a schema that answers later', async () => {
		const slow = z.string().refine(async value => value !== 'bad', 'bad it is');
		const flow = defineFlow({name: 'slow', item: slow, fetch: async value => value});
		const outcomes = await collect(fanOut(flow, ['good', 'bad']));
		expect(outcomes.map(({item, status}) => `${item} ${status}`).toSorted()).toEqual(['bad failed', 'good succeeded']);
	});

	it('names items by the flow, by their own id, by their source, or by their content', async () => {
		const byFlow = defineFlow({name: 'a', item: z.object({sku: z.string()}), id: ({sku}) => sku, fetch: async () => 1});
		expect((await collect(fanOut(byFlow, [{sku: 'x-1'}])))[0]?.id).toBe('x-1');
		const bySource = defineFlow({name: 'b', item: sourceItem, fetch: async () => 1});
		const outcomes = await collect(fanOut(bySource, [{url: 'https://example.com/a?token=secret'}, {id: 'mine', file: 'a.txt'}]));
		const query = sha256('token=secret').slice(0, 16);
		expect(outcomes.map(({id, source}) => ({id, source})).toSorted((a, b) => a.id.localeCompare(b.id))).toEqual([
			{id: `https://example.com/a?${query}`, source: `https://example.com/a?${query}`},
			{id: 'mine', source: 'a.txt'},
		]);
		expect((await collect(fanOut(double, [7])))[0]?.id).toMatch(/^[0-9a-f]{32}$/u);
	});

	it('fails an item whose id cannot be one', async () => {
		const flow = defineFlow({
			name: 'a',
			item: z.string(),
			id(item) {
				if (item === 'throws') throw new Error('no id for you');
				return item;
			},
			fetch: async () => 1,
		});
		const outcomes = await collect(fanOut(flow, ['throws', '', 'x'.repeat(1025), 'fine']));
		expect(outcomes.map(({status, n}) => `${n} ${status}`).toSorted()).toEqual(['0 failed', '1 failed', '2 failed', '3 succeeded']);
	});

	it('copies the keys that the schema does not know to the outcome', async () => {
		const flow = defineFlow({name: 'a', item: z.object({a: z.number()}), fetch: async item => Object.keys(item)});
		const [outcome] = await collect(fanOut(flow, [{a: 1, team: 'x', meta: {shelf: 3}} as {a: number}]));
		expect(outcome).toMatchObject({meta: {team: 'x', shelf: 3}, result: ['a']});
	});

	it('writes outputs below a folder, and names them in the outcome', async () => {
		const flow = defineFlow({
			name: 'a',
			item: z.string(),
			id: item => item,
			fetch: async (item, {put}) => put('note.txt', `about ${item}`),
		});
		const [outcome] = await collect(fanOut(flow, ['x'], {out: folder}));
		if (outcome?.status !== 'succeeded') throw new Error('it must succeed');
		const [output] = outcome.outputs;
		expect(output).toMatchObject({name: 'note', bytes: 7, sha256: sha256('about x')});
		expect(await readFile(join(folder, output?.key ?? ''), 'utf8')).toBe('about x');
	});

	it('reads files by itself, relative to the working directory', async () => {
		await writeFile(join(folder, 'a.txt'), 'hello');
		const flow = defineFlow({name: 'a', item: sourceItem, fetch: async (item, {read}) => new TextDecoder().decode(await read(item))});
		const [outcome] = await collect(fanOut(flow, [{file: join(folder, 'a.txt')}]));
		expect(outcome).toMatchObject({status: 'succeeded', result: 'hello'});
	});

	it('refuses private addresses by itself', async () => {
		const flow = defineFlow({name: 'a', item: sourceItem, fetch: async (item, {read}) => (await read(item)).length});
		const [outcome] = await collect(fanOut(flow, [{url: 'http://127.0.0.1/'}]));
		expect(outcome).toMatchObject({status: 'failed', attempts: 1, error: {code: 'ADDRESS_DENIED'}});
	});

	it('hands the options through their schema, with its defaults', async () => {
		const options = z.object({size: z.number().default(256), name: z.string().optional()});
		const flow = defineFlow({name: 'a', item: z.number(), options, fetch: async (_, {options}) => options});
		expect((await collect(fanOut(flow, [1])))[0]).toMatchObject({result: {size: 256}});
		expect((await collect(fanOut(flow, [1], {options: {size: 3}})))[0]).toMatchObject({result: {size: 3}});
		expect(() => fanOut(flow, [1], {options: {size: 'big' as unknown as number}})).toThrow(/options of flow 'a': .*size/u);
	});

	it.each([
		['options that the flow does not have', {options: {size: 1}}, TypeError],
		['attempts of 0', {attempts: 0}, RangeError],
		['attempts of 101', {attempts: 101}, RangeError],
		['half an attempt', {attempts: 1.5}, RangeError],
		['a limit out of range', {limits: {ioConcurrency: 0}}, RangeError],
		['a negative tolerance', {toleratedFailureCount: -1}, RangeError],
		['a tolerance above 100 %', {toleratedFailurePercentage: 101}, RangeError],
		['a place that is no folder', {out: 's3://bucket/prefix'}, TypeError],
	])('refuses %s at the call', (_, options, kind) => {
		expect(() => fanOut(double, [1], options as object)).toThrow(kind);
	});

	it('refuses what is no flow at the call', () => {
		expect(() => fanOut({name: 'x'}, [1])).toThrow(TypeError);
	});

	it('takes a store for `out`, and readers of the caller’s own', async () => {
		const store = memoryStore();
		const flow = defineFlow({name: 'a', item: sourceItem, fetch: async (item, {read, put}) => put('a.bin', await read(item))});
		const readers = [{scheme: 'url' as const, read: async () => new Uint8Array([1, 2, 3])}];
		const [outcome] = await collect(fanOut(flow, [{url: 'http://127.0.0.1/'}], {out: store, readers}));
		expect(outcome).toMatchObject({status: 'succeeded', outputs: [{name: 'a', bytes: 3}]});
		expect(store.files.size).toBe(1);
	});
});

describe('fanOut with threads', () => {
	it('runs an item again, alone in a fresh thread, when its thread died, and only that one', async () => {
		await using pool = createCpuPool({threads: 3});
		const gate = sharedGate();
		const items = numbers(6).map(n => ({state: gate.state, diesFirst: n === 0}));
		const outcomes = collect(fanOut(gateFlow(), items, {pool}));
		await gate.reached(3);
		gate.open();
		const ended = (await outcomes).toSorted((a, b) => a.n - b.n);
		expect(ended.map(({status, attempts}) => `${status} ${attempts}`)).toEqual(['succeeded 2', ...numbers(5).map(() => 'succeeded 1')]);
		const results = ended.map(outcome =>
			outcome.status === 'succeeded' ? (outcome.result as {others: number; threadId: number}) : undefined,
		);
		expect(results[0]?.others).toBe(0);
		expect(results.slice(1).map(result => result?.threadId)).not.toContain(results[0]?.threadId);
		expect(gate.most).toBe(3);
	});

	it('fails an item that kills its thread twice, and no other', async () => {
		await using pool = createCpuPool({threads: 2});
		const items = ['work', 'exit', 'work', 'work', 'own code', 'function'].map(kind => ({kind}));
		const outcomes = (await collect(fanOut(misbehave, items, {pool}))).toSorted((a, b) => a.n - b.n);
		expect(outcomes.map(outcome => (outcome.status === 'failed' ? `${outcome.error.code} ${outcome.attempts}` : outcome.status))).toEqual([
			'succeeded',
			'THREAD_DIED 2',
			'succeeded',
			'succeeded',
			'NO_FACE 1',
			'NOT_CLONEABLE 1',
		]);
	});

	it('moves what our readers read, and copies what is the flow’s own', async () => {
		await using pool = createCpuPool({threads: 1});
		const own = new Uint8Array(100_000);
		let read: Uint8Array | undefined;
		const readers = [{scheme: 'url' as const, read: async () => new Uint8Array(100_000)}];
		const flow = defineFlow({
			name: 'moved',
			item: sourceItem,
			async fetch(item, context) {
				if ('file' in item) return own;
				read = await context.read(item);
				return read;
			},
			transform: cpu<{default: (bytes: Uint8Array) => Uint8Array}>(threadModule('moved')),
			store: async bytes => [bytes.length, bytes[0]],
		});
		const outcomes = await collect(fanOut(flow, [{url: 'https://example.com/'}, {file: 'own'}], {pool, readers}));
		for (const outcome of outcomes) expect(outcome).toMatchObject({status: 'succeeded', result: [100_000, 42]});
		expect(read?.length).toBe(0);
		expect([own.length, own[0]]).toEqual([100_000, 0]);
	});

	it('shares one pool between two runs at once, of which neither starves', async () => {
		await using pool = createCpuPool({threads: 1});
		const echo = (name: string) =>
			defineFlow({name, item: z.number(), fetch: async n => n, transform: cpu<{default: (n: number) => unknown}>(threadModule('echo'))});
		const reports = await Promise.all([
			fanOut(echo('one'), numbers(300), {pool}).report(),
			fanOut(echo('two'), numbers(300), {pool}).report(),
		]);
		for (const {itemCounts} of reports) expect(itemCounts).toMatchObject({succeeded: 300, failed: 0});
		expect(pool).toMatchObject({busy: 0, queued: 0});
	});

	it('tells of a closed pool in every item', async () => {
		const pool = createCpuPool({threads: 1});
		await pool[Symbol.asyncDispose]();
		const outcomes = await collect(fanOut(misbehave, [{kind: 'work'}, {kind: 'work'}], {pool}));
		for (const outcome of outcomes) expect(outcome).toMatchObject({status: 'failed', error: {message: expect.stringContaining('closed')}});
		expect(outcomes).toHaveLength(2);
	});

	it('is abandoned without waiting for a thread that never ends', async () => {
		await using pool = createCpuPool({threads: 1});
		const controller = new AbortController();
		const gate = sharedGate();
		const report = fanOut(gateFlow(), [{state: gate.state}], {pool, signal: controller.signal}).report();
		await gate.reached(1);
		controller.abort(new Error('given up'));
		await expect(report).rejects.toThrow('given up');
		gate.open();
	});
});

describe('createCpuPool', () => {
	it.each([0, -1, 257, 1.5, Number.NaN, '4' as unknown as number])('refuses %s threads', threads => {
		expect(() => createCpuPool({threads})).toThrow(RangeError);
	});

	it('starts with as many threads as it was told', async () => {
		await using pool = createCpuPool({threads: 5});
		expect(pool.threads).toBe(5);
	});
});

describe('a script that uses threads', () => {
	it('ends by itself', async () => {
		const script = fileURLToPath(new URL('fixtures/fan-out.ts', import.meta.url));
		const child = spawn(process.execPath, [script], {stdio: ['ignore', 'pipe', 'pipe'], timeout: 20_000});
		const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
		expect(errors).toBe('');
		expect(JSON.parse(output)).toMatchObject({succeeded: 20, failed: 0, total: 20});
		expect(code).toBe(0);
	});

	it('also when an item is stuck in its thread and was given up', async () => {
		const file = join(folder, 'stuck.mjs');
		const library = new URL('../src/index.ts', import.meta.url).href;
		await writeFile(join(folder, 'loop.mjs'), 'export default () => { for (;;); };');
		await writeFile(
			file,
			`import {cpu, defineFlow, fanOut} from ${JSON.stringify(library)};
			const item = {'~standard': {version: 1, vendor: 'x', validate: value => ({value})}};
			const flow = defineFlow({name: 'stuck', item, transform: cpu(new URL(${JSON.stringify(pathToFileURL(join(folder, 'loop.mjs')).href)}), {timeoutMs: 500})});
			const report = await fanOut(flow, [1], {limits: {threads: 1}}).report();
			console.log(report.topErrors[0].code);`,
		);
		const child = spawn(process.execPath, [file], {stdio: ['ignore', 'pipe', 'pipe'], timeout: 20_000});
		const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
		expect({output: output.trim(), errors, code}).toEqual({output: 'TRANSFORM_TIMEOUT', errors: '', code: 0});
	});
});
