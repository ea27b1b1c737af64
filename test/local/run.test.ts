import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdir, mkdtemp, readFile, readdir, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {z} from 'zod';
import {type DurableOptions, type Outcome, type Run, TwolaneError, defineFlow, run, sourceItem} from '../../src/index.ts';
import {createBarrier} from '../support/barrier.ts';
import {sha256} from '../support/lane-setup.ts';
import {memoryObjects} from '../support/memory-objects.ts';
import {memoryStore} from '../support/memory-store.ts';

let folder: string;
let out: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'twolane-run-'));
	out = join(folder, 'out');
});
afterEach(() => rm(folder, {recursive: true, force: true}));

const narrow = {limits: {ioConcurrency: 1}, attempts: 1} as const;

/** A flow over texts that knows what it was called with; the test says what happens to an item. */
function spiedFlow(act: (item: string) => unknown = item => item.toUpperCase()) {
	const calls: string[] = [];
	const flow = defineFlow({
		name: 'spied',
		item: z.string(),
		id: item => item,
		async fetch(item) {
			calls.push(item);
			return await act(item);
		},
	});
	return {flow, calls};
}
const letters = ['a', 'b', 'c', 'd', 'e', 'f'];
const upper = (items: readonly string[]) => items.map(item => `${item} ${item.toUpperCase()}`);

async function collect<Item, Result>(running: Run<Item, Result>): Promise<Outcome<Item, Result>[]> {
	return await Array.fromAsync(running);
}
const show = (outcomes: readonly Outcome[]): string[] =>
	outcomes.map(outcome => `${String(outcome.item)} ${outcome.status === 'succeeded' ? String(outcome.result) : outcome.status}`);
const runsIn = (place = out): Promise<string[]> => readdir(join(place, '.twolane/runs'));
const failOn =
	(items: readonly string[], code = 'NO') =>
	(item: string) => {
		if (items.includes(item)) throw new TwolaneError(code, `no ${item}`);
		return item.toUpperCase();
	};

describe('run', () => {
	it('gives an outcome for each item, and keeps the results beside the outputs', async () => {
		const flow = defineFlow({
			name: 'notes',
			item: z.string(),
			id: item => item,
			fetch: async (item, {put}) => put('note.txt', `about ${item}`),
		});
		const running = run(flow, letters, {out});
		const outcomes = await collect(running);
		expect(outcomes.map(({item}) => item).toSorted()).toEqual(letters);
		const [outcome] = outcomes;
		if (outcome?.status !== 'succeeded') throw new Error('it must succeed');
		expect(await readFile(join(out, outcome.outputs[0]?.key ?? ''), 'utf8')).toBe(`about ${outcome.item}`);
		const report = await running.report();
		expect(report).toMatchObject({flow: 'notes', completionReason: 'ALL_COMPLETED', itemCounts: {succeeded: 6, total: 6}});
		expect(await runsIn()).toEqual([report.runId]);
		const kept = JSON.parse(await readFile(join(out, '.twolane/runs', report.runId, 'report.json'), 'utf8')) as unknown;
		expect(kept).toEqual(JSON.parse(JSON.stringify(report)));
	});

	it('again gives the same outcomes and the same report, and does nothing again', async () => {
		const {flow, calls} = spiedFlow(failOn(['c']));
		const first = run(flow, letters, {out, ...narrow});
		const outcomes = (await collect(first)).toSorted((a, b) => a.n - b.n);
		const second = run(flow, letters, {out, ...narrow});
		expect(await collect(second)).toEqual(JSON.parse(JSON.stringify(outcomes)));
		expect(await second.report()).toEqual(JSON.parse(JSON.stringify(await first.report())));
		expect(calls).toEqual(letters);
	});

	it('whose report alone is asked for does the work, and reads nothing back the next time', async () => {
		const {flow, calls} = spiedFlow();
		expect((await run(flow, letters, {out}).report()).itemCounts).toMatchObject({succeeded: 6});
		expect((await run(flow, letters, {out}).report()).itemCounts).toMatchObject({succeeded: 6});
		expect(calls).toHaveLength(6);
	});

	it('does nothing before somebody iterates it or asks for its report', async () => {
		const {flow, calls} = spiedFlow();
		const running = run(flow, letters, {out});
		expect(running.snapshot().itemCounts).toMatchObject({succeeded: 0});
		const outcomes = running[Symbol.asyncIterator]();
		await outcomes.return?.();
		expect(calls).toEqual([]);
		expect(await readdir(folder)).toEqual([]);
	});

	it('is iterated once', async () => {
		const {flow} = spiedFlow();
		const running = run(flow, letters, {out});
		await running.report();
		expect(() => running[Symbol.asyncIterator]()).toThrow('iterated once');
		expect((await running.report()).itemCounts).toMatchObject({succeeded: 6});
	});

	it('gives the item as it was given, whatever the schema made of it, also in a later call', async () => {
		const flow = defineFlow({name: 'dates', item: z.object({at: z.coerce.date(), id: z.string()}), fetch: async ({at}) => at.getTime()});
		const items = [{at: '1970-01-01T00:00:01Z', id: 'x', extra: true} as unknown as {at: Date; id: string}];
		for (let call = 0; call < 2; call++) {
			expect(await collect(run(flow, items, {out}))).toMatchObject([
				{item: items[0], status: 'succeeded', result: 1000, meta: {extra: true}},
			]);
		}
	});

	it('of no items is a run with no outcomes', async () => {
		const {flow} = spiedFlow();
		const running = run(flow, [], {out});
		expect(await collect(running)).toEqual([]);
		expect(await running.report()).toMatchObject({completionReason: 'ALL_COMPLETED', itemCounts: {total: 0, succeeded: 0}, throughput: 0});
		await writeFile(join(folder, 'empty.txt'), '');
		expect(await collect(run(flow, join(folder, 'empty.txt'), {out}))).toEqual([]);
	});

	it('takes a manifest file, a folder, and items from anywhere', async () => {
		await writeFile(join(folder, 'a.txt'), 'first');
		await mkdir(join(folder, 'in'));
		await writeFile(join(folder, 'in/b.txt'), 'second');
		await writeFile(join(folder, 'list.jsonl'), '{"file":"a.txt"}\n{"file":"in/b.txt","id":"b"}\n');
		const flow = defineFlow({name: 'text', item: sourceItem, fetch: async (item, {read}) => new TextDecoder().decode(await read(item))});
		const results = async (manifest: Parameters<typeof run<{file: string}, object, string>>[1]): Promise<string[]> =>
			(await collect(run(flow, manifest, {out})))
				.map(outcome => `${outcome.id} ${outcome.status === 'succeeded' ? outcome.result : outcome.status}`)
				.toSorted();
		expect(await results(join(folder, 'list.jsonl'))).toEqual(['a.txt first', 'b second']);
		expect(await results(join(folder, 'in'))).toEqual(['b.txt second']);
		const file = join(folder, 'a.txt');
		for (const items of [[{file}], new Set([{file}]), [{file}].values()]) expect(await results(items)).toEqual([`${file} first`]);
		expect(await runsIn()).toHaveLength(3);
	});

	it('of a folder that holds its own output leaves that out', async () => {
		await writeFile(join(folder, 'a.txt'), 'first');
		const flow = defineFlow({name: 'copy', item: sourceItem, fetch: async (item, {read, put}) => put('copy.txt', await read(item))});
		for (let call = 0; call < 2; call++) expect((await collect(run(flow, folder, {out}))).map(({id}) => id)).toEqual(['a.txt']);
		expect(await runsIn()).toHaveLength(1);
	});

	it('of edited items is another run', async () => {
		const {flow, calls} = spiedFlow();
		await run(flow, letters, {out}).report();
		expect(show(await collect(run(flow, ['a', 'z'], {out})))).toEqual(expect.arrayContaining(upper(['a', 'z'])));
		expect(await runsIn()).toHaveLength(2);
		expect(calls).toHaveLength(8);
	});

	it('of other options is another run, of other limits the same', async () => {
		const options = z.object({suffix: z.string().default('!')});
		let calls = 0;
		const flow = defineFlow({
			name: 'suffix',
			item: z.string(),
			options,
			fetch: async (item, {options: {suffix}}) => {
				calls++;
				return item + suffix;
			},
		});
		expect(show(await collect(run(flow, ['a'], {out})))).toEqual(['a a!']);
		expect(show(await collect(run(flow, ['a'], {out, options: {suffix: '?'}})))).toEqual(['a a?']);
		expect(show(await collect(run(flow, ['a'], {out, limits: {ioConcurrency: 7, inFlightBytes: 1000.5}, attempts: 2})))).toEqual(['a a!']);
		expect(calls).toBe(2);
		expect(await runsIn()).toHaveLength(2);
	});

	it('keeps records and outputs in a store of the caller’s own', async () => {
		const store = memoryObjects();
		const {flow, calls} = spiedFlow();
		const note = defineFlow({name: 'note', item: z.string(), fetch: async (item, {put}) => put('note.txt', item)});
		for (let call = 0; call < 2; call++)
			expect(show((await collect(run(flow, letters, {out: store}))).toSorted((a, b) => a.n - b.n))).toEqual(upper(letters));
		expect(calls).toHaveLength(6);
		await run(note, ['x'], {out: store}).report();
		const keys = [...store.objects.keys()];
		expect(keys.filter(key => !key.startsWith('.twolane/'))).toEqual([expect.stringMatching(/^[0-9a-f]{2}\/[^/]+\/note\.txt$/u)]);
		expect(keys.filter(key => key.startsWith('.twolane/work/'))).toEqual([]);
	});

	it('stamps its outputs in a store that several machines share', async () => {
		const store = memoryObjects({isShared: true});
		const note = defineFlow({name: 'note', item: z.string(), fetch: async (item, {put}) => put('note.txt', item)});
		const {runId} = await run(note, ['x'], {out: store}).report();
		const [, output] = [...store.objects].find(([key]) => key.endsWith('note.txt')) ?? [];
		expect(output?.metadata).toMatchObject({runid: runId, generation: '0', claim: '1', sha256: sha256('x')});
	});
});

describe('run after a stop', () => {
	it('goes on with the rest: outcomes of the earlier call come first, and nothing is done twice', async () => {
		const stopping = new AbortController();
		const {flow, calls} = spiedFlow(item => {
			if (item === 'c') stopping.abort();
			return item.toUpperCase();
		});
		const first = run(flow, letters, {out, ...narrow, stop: stopping.signal});
		expect(show(await collect(first))).toEqual(upper(['a', 'b', 'c']));
		expect(await first.report()).toMatchObject({completionReason: 'INTERRUPTED', itemCounts: {succeeded: 3, pending: 3, total: 6}});
		const second = run(flow, letters, {out, ...narrow});
		expect(show(await collect(second))).toEqual(upper(letters));
		expect(await second.report()).toMatchObject({completionReason: 'ALL_COMPLETED', itemCounts: {succeeded: 6, pending: 0}});
		expect(calls).toEqual(letters);
	});

	it('that came before anything began takes nothing, and the next call does it all', async () => {
		const {flow, calls} = spiedFlow();
		const first = run(flow, letters, {out, stop: AbortSignal.abort('DEADLINE_REACHED')});
		expect(await collect(first)).toEqual([]);
		expect(await first.report()).toMatchObject({completionReason: 'DEADLINE_REACHED', itemCounts: {pending: 6, total: 6}});
		expect(calls).toEqual([]);
		expect(await run(flow, letters, {out}).report()).toMatchObject({itemCounts: {succeeded: 6}});
	});

	it('that came after the end changes nothing', async () => {
		const stopping = new AbortController();
		const {flow} = spiedFlow();
		const running = run(flow, letters, {out, stop: stopping.signal});
		await collect(running);
		stopping.abort();
		expect(await running.report()).toMatchObject({completionReason: 'ALL_COMPLETED'});
	});
});

describe('run after a break', () => {
	it('has kept what was in flight, and goes on with the rest', async () => {
		const {flow, calls} = spiedFlow();
		const first = run(flow, letters, {out, ...narrow});
		for await (const outcome of first) {
			expect(outcome.item).toBe('a');
			break;
		}
		const done = calls.length;
		expect(await first.report()).toMatchObject({
			completionReason: expect.stringMatching(/INTERRUPTED|ALL_COMPLETED/u),
			itemCounts: {succeeded: done},
		});
		expect(show(await collect(run(flow, letters, {out, ...narrow})))).toEqual(upper(letters));
		expect(calls).toEqual(letters);
	});

	it('of a consumer that throws throws its error, and goes on with the rest', async () => {
		const {flow, calls} = spiedFlow();
		const consuming = async (): Promise<void> => {
			for await (const {item} of run(flow, letters, {out, ...narrow})) throw new Error(`no more after ${item}`);
		};
		await expect(consuming()).rejects.toThrow('no more after a');
		expect((await collect(run(flow, letters, {out, ...narrow}))).map(({item}) => item)).toEqual(letters);
		expect(calls).toEqual(letters);
	});
});

describe('run after an abandon', () => {
	it('throws the reason, and the next call repeats only what was in flight', async () => {
		const controller = new AbortController();
		const stuck = createBarrier();
		const {flow, calls} = spiedFlow(async item => {
			if (item === 'd' && !controller.signal.aborted) await stuck.wait();
			return item.toUpperCase();
		});
		const first = run(flow, letters, {out, ...narrow, signal: controller.signal});
		const consuming = (async () => {
			for await (const {item} of first) if (item === 'c') void stuck.reached(1).then(() => controller.abort(new Error('given up')));
		})();
		await expect(consuming).rejects.toThrow('given up');
		await expect(first.report()).rejects.toThrow('given up');
		expect(show(await collect(run(flow, letters, {out, ...narrow})))).toEqual(upper(letters));
		expect(calls).toEqual(['a', 'b', 'c', 'd', 'd', 'e', 'f']);
	});

	it('that came before the list was read leaves nothing', async () => {
		const {flow} = spiedFlow();
		const signal = AbortSignal.abort(new Error('given up'));
		await expect(run(flow, letters, {out, signal}).report()).rejects.toThrow('given up');
		await expect(run(flow, join(folder, 'list.txt'), {out, signal}).report()).rejects.toThrow('given up');
		expect(await readdir(folder)).toEqual([]);
	});

	it('while the list is read ends at once, also where the items keep us waiting', async () => {
		const controller = new AbortController();
		const {flow} = spiedFlow();
		const never = async function* () {
			yield 'a';
			queueMicrotask(() => controller.abort(new Error('given up')));
			await new Promise(() => {});
		};
		await expect(run(flow, never(), {out, signal: controller.signal}).report()).rejects.toThrow('given up');
	});
});

describe('run with a tolerance', () => {
	it('stops when more fail, and goes on with another tolerance', async () => {
		const {flow, calls} = spiedFlow(failOn(['b', 'd']));
		const first = run(flow, letters, {out, ...narrow, toleratedFailureCount: 0});
		await collect(first);
		expect(await first.report()).toMatchObject({
			completionReason: 'FAILURE_TOLERANCE_EXCEEDED',
			itemCounts: {succeeded: 1, failed: 1, pending: 4},
		});
		const second = run(flow, letters, {out, ...narrow, toleratedFailureCount: 2});
		expect(show(await collect(second))).toEqual(['a A', 'b failed', 'c C', 'd failed', 'e E', 'f F']);
		expect(await second.report()).toMatchObject({completionReason: 'ALL_COMPLETED', itemCounts: {succeeded: 4, failed: 2}});
		expect(calls).toEqual(letters);
	});
});

describe('run with `redrive`', () => {
	it('runs what failed again, and gives every outcome once', async () => {
		const broken = new Set(['b', 'd']);
		const {flow, calls} = spiedFlow(item => failOn([...broken])(item));
		await collect(run(flow, letters, {out, ...narrow}));
		broken.delete('b');
		calls.length = 0;
		const again = run(flow, letters, {out, ...narrow, redrive: true});
		expect(show((await collect(again)).toSorted((a, b) => a.n - b.n))).toEqual(['a A', 'b B', 'c C', 'd failed', 'e E', 'f F']);
		expect(await again.report()).toMatchObject({itemCounts: {succeeded: 5, failed: 1}});
		expect(calls).toEqual(['b', 'd']);
	});

	it('of some codes runs those again alone', async () => {
		const broken = new Map([
			['b', 'GONE'],
			['d', 'BAD'],
		]);
		const {flow, calls} = spiedFlow(item => failOn([...broken.keys()], broken.get(item))(item));
		await collect(run(flow, letters, {out, ...narrow}));
		broken.clear();
		calls.length = 0;
		const again = run(flow, letters, {out, ...narrow, redrive: ['GONE']});
		const outcomes = await collect(again);
		expect(calls).toEqual(['b']);
		expect(outcomes.find(({item}) => item === 'd')).toMatchObject({status: 'failed', error: {code: 'BAD'}});
		expect(outcomes).toHaveLength(6);
	});

	it.each<true | string[]>([true, ['NOPE'], []])('%j leaves a run as it is that has nothing to run again', async redrive => {
		const {flow, calls} = spiedFlow(failOn(redrive === true ? [] : ['b']));
		const first = run(flow, letters, {out, ...narrow, redrive});
		await collect(first);
		const second = run(flow, letters, {out, ...narrow, redrive});
		expect(await collect(second)).toHaveLength(6);
		expect(await second.report()).toEqual(JSON.parse(JSON.stringify(await first.report())));
		expect(calls).toEqual(letters);
	});

	it('lets go of the run when its records are damaged', async () => {
		const {flow} = spiedFlow(failOn(['b']));
		const {runId} = await run(flow, letters, {out, ...narrow}).report();
		const rows = join(out, '.twolane/runs', runId, '0/rows/0-1-FAILED.jsonl');
		const text = await readFile(rows, 'utf8');
		await writeFile(rows, text.slice(0, -9));
		for (let call = 0; call < 2; call++) {
			await expect(run(flow, letters, {out, ...narrow, redrive: true}).report()).rejects.toMatchObject({code: 'STATE_INVALID'});
		}
		await writeFile(rows, text);
		expect(await run(flow, letters, {out, ...narrow, redrive: true}).report()).toMatchObject({itemCounts: {succeeded: 5, failed: 1}});
	});
});

describe('run with a `runId`', () => {
	it('has that name, and is found by it', async () => {
		const {flow, calls} = spiedFlow();
		for (let call = 0; call < 2; call++) expect((await run(flow, letters, {out, runId: 'nightly'}).report()).runId).toBe('nightly');
		expect(calls).toHaveLength(6);
		expect(await runsIn()).toEqual(['nightly']);
	});

	it('of a run of other items is refused', async () => {
		const {flow} = spiedFlow();
		await run(flow, letters, {out, runId: 'nightly'}).report();
		await expect(run(flow, ['z'], {out, runId: 'nightly'}).report()).rejects.toMatchObject({code: 'RUN_REFUSED'});
		expect(await readdir(join(out, '.twolane'))).not.toContain('spool');
	});
});

describe('two at once', () => {
	it('in one process: the second is told whose process works on it, and the first one goes on', async () => {
		const barrier = createBarrier();
		const {flow, calls} = spiedFlow(async item => {
			await barrier.wait();
			return item.toUpperCase();
		});
		const first = run(flow, letters, {out, ...narrow}).report();
		await barrier.reached(1);
		const second = run(flow, letters, {out, ...narrow}).report();
		await expect(second).rejects.toMatchObject({
			code: 'RUN_BUSY',
			message: expect.stringContaining(`Process ${process.pid} has been working on run`),
		});
		barrier.open();
		expect(await first).toMatchObject({itemCounts: {succeeded: 6}});
		expect(calls).toEqual(letters);
		expect(await run(flow, letters, {out}).report()).toMatchObject({itemCounts: {succeeded: 6}});
	});

	it('of other items into one folder do not disturb each other', async () => {
		const {flow} = spiedFlow();
		const reports = await Promise.all([run(flow, letters, {out}).report(), run(flow, ['x', 'y'], {out}).report()]);
		expect(reports.map(({itemCounts}) => itemCounts['succeeded'])).toEqual([6, 2]);
		expect(await runsIn()).toHaveLength(2);
	});

	it('in two processes: the second is told the first one’s pid; a killed one’s run goes on, and a program ends by itself', async () => {
		const script = fileURLToPath(new URL('hold-run.ts', import.meta.url));
		const start = () => {
			const child = spawn(process.execPath, [script, out, 'a', 'b'], {stdio: ['pipe', 'pipe', 'pipe'], timeout: 30_000});
			const ended = once(child, 'close').then(([code, signal]: unknown[]) => ({code, signal}));
			let errors = '';
			child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
			const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
			return {child, ended, line: async () => (await lines.next()).value, errors: () => errors};
		};
		const first = start();
		expect(await first.line()).toBe('at a');

		const second = start();
		expect(await second.ended).toMatchObject({code: 1});
		expect(second.errors()).toContain('RUN_BUSY');
		expect(second.errors()).toContain(`Process ${first.child.pid} has been working on run`);

		first.child.kill('SIGKILL');
		expect(await first.ended).toEqual({code: null, signal: 'SIGKILL'});
		const third = start();
		expect(await third.line()).toBe('at a');
		third.child.stdin.write('go on\n');
		expect([await third.line(), await third.line()]).toEqual(['at b', 'ALL_COMPLETED']);
		expect({...(await third.ended), errors: third.errors()}).toEqual({code: 0, signal: null, errors: ''});
	});
});

describe('a result that no row can hold', () => {
	it.each([
		['a BigInt', () => 1n],
		[
			'a circle',
			() => {
				const circle: {self?: unknown} = {};
				circle.self = circle;
				return circle;
			},
		],
	])('fails its item, and no other: %s', async (_, make) => {
		const {flow} = spiedFlow(item => (item === 'c' ? make() : item));
		const outcomes = await collect(run(flow, letters, {out, ...narrow}));
		expect(outcomes.map(({status}) => status)).toEqual(['succeeded', 'succeeded', 'failed', 'succeeded', 'succeeded', 'succeeded']);
		expect(outcomes[2]).toMatchObject({id: 'c', error: {code: 'NOT_CLONEABLE', stage: 'run', message: expect.stringContaining('JSON')}});
		expect((await run(flow, letters, {out, ...narrow}).report()).itemCounts).toMatchObject({succeeded: 5, failed: 1});
	});
});

describe('what is known already', () => {
	it('is told no further than somebody wants it', async () => {
		const many = Array.from({length: 500}, (_, n) => `item-${n}`);
		const {flow} = spiedFlow();
		await run(flow, many, {out}).report();
		const stopped = await collect(run(flow, many, {out, stop: AbortSignal.abort('PAUSED')}));
		expect(stopped).toEqual([]);
		const controller = new AbortController();
		const told: string[] = [];
		const telling = (async () => {
			for await (const {id} of run(flow, many, {out, signal: controller.signal})) {
				told.push(id);
				if (told.length === 3) controller.abort(new Error('enough'));
			}
		})();
		await expect(telling).rejects.toThrow('enough');
		expect(told.length).toBeLessThan(200);
	});
});

describe('run refuses', () => {
	const {flow} = spiedFlow();
	const optional = defineFlow({name: 'optional', item: z.string(), options: z.object({pattern: z.unknown()}), fetch: async () => 1});

	it.each([
		['what is no flow', () => run({name: 'x'}, letters, {out}), TypeError],
		['what is no manifest', () => run(flow, 7 as never, {out}), TypeError],
		['an s3:// manifest', () => run(flow, 's3://bucket/list.jsonl', {out}), TypeError],
		['a word that is no URL', () => run(flow, 'ftp://example.com/list', {out}), TypeError],
		['no out', () => run(flow, letters, {} as DurableOptions<object>), TypeError],
		['a store that cannot keep records', () => run(flow, letters, {out: memoryStore()}), TypeError],
		['an out that is no folder', () => run(flow, letters, {out: 's3://bucket/prefix'}), TypeError],
		['options that the flow does not have', () => run(flow, letters, {out, options: {size: 1} as never}), TypeError],
		['attempts of 0', () => run(flow, letters, {out, attempts: 0}), RangeError],
		['a limit out of range', () => run(flow, letters, {out, limits: {threads: 0}}), RangeError],
		['a negative tolerance', () => run(flow, letters, {out, toleratedFailureCount: -1}), RangeError],
		['a tolerance above 100 %', () => run(flow, letters, {out, toleratedFailurePercentage: 101}), RangeError],
		['options that JSON does not keep', () => run(optional, letters, {out, options: {pattern: /a/u}}), TypeError],
		['options that JSON cannot write', () => run(optional, letters, {out, options: {pattern: 1n}}), TypeError],
		['a runId that is no name', () => run(flow, letters, {out, runId: '../x'}), RangeError],
	])('%s at the call', (_, call, kind) => {
		expect(call).toThrow(kind);
	});

	it('an item that is not JSON, by its number, and leaves nothing', async () => {
		const big = defineFlow({name: 'big', item: z.bigint(), fetch: async () => 1});
		await expect(run(big, [1n], {out}).report()).rejects.toThrow(/item 0 .*not JSON \(bigint\)/u);
		expect(await readdir(out)).toEqual([]);
	});

	it('items that do not fit the flow, with their lines, and leaves nothing', async () => {
		const running = run(flow, ['a', 7 as unknown as string], {out});
		await expect(collect(running)).rejects.toMatchObject({name: 'ManifestError', message: expect.stringContaining('items:2')});
		await expect(running.report()).rejects.toMatchObject({name: 'ManifestError'});
		expect(await readdir(out)).toEqual([]);
	});

	it('a source that is not there, and leaves nothing', async () => {
		await expect(run(flow, join(folder, 'nope.txt'), {out}).report()).rejects.toMatchObject({code: 'SOURCE_UNREADABLE'});
		expect(await readdir(folder)).toEqual([]);
	});

	it('a run.json that was changed by hand, with its place', async () => {
		const {runId} = await run(flow, letters, {out}).report();
		const file = join(out, '.twolane/runs', runId, 'run.json');
		await writeFile(file, (await readFile(file, 'utf8')).replace('"skipInvalid": false', '"skipInvalid": true'));
		await expect(run(flow, letters, {out}).report()).rejects.toMatchObject({code: 'STATE_INVALID', message: expect.stringContaining(file)});
	});
});
