import {describe, expect, it} from 'vitest';
import {TwolaneError} from '../../src/lanes/errors.ts';
import type {Context, Source} from '../../src/lanes/flow.ts';
import type {Reader} from '../../src/lanes/ports.ts';
import {createBarrier} from '../support/barrier.ts';
import {sha256, testRun} from '../support/lane-setup.ts';
import {memoryStore} from '../support/memory-store.ts';

const reader = (scheme: Reader['scheme'], read: Reader['read']): Reader => ({scheme, read});
const bytesOf = (text: string) => new Uint8Array(new TextEncoder().encode(text));

async function outcomeOf(fetch: (item: never, context: Context) => unknown, options: Parameters<typeof testRun>[2] = {}) {
	const {outcomes, report} = await testRun({fetch}, [{url: 'https://example.com/a'}], options).all();
	return {outcome: outcomes[0], report};
}

describe('the context', () => {
	it('tells a stage its item, its id, the options and the try', async () => {
		const seen: unknown[] = [];
		const fetch = async (item: unknown, context: Context) => {
			seen.push({item, id: context.id, own: context.item, options: context.options, attempt: context.attempt});
		};
		await testRun({fetch}, ['x'], {options: {size: 3}}).all();
		await testRun({fetch}, ['y']).all();
		expect(seen).toEqual([
			{item: 'x', id: 'item-0', own: 'x', options: {size: 3}, attempt: 1},
			{item: 'y', id: 'item-0', own: 'y', options: {}, attempt: 1},
		]);
	});

	it('may be taken apart', async () => {
		const store = memoryStore();
		const fetch = async (_: unknown, {read, put}: Context) => put('a.txt', await read({url: 'https://example.com/a'}));
		const {outcome} = await outcomeOf(fetch, {store, readers: [reader('url', async () => bytesOf('hello'))]});
		expect(outcome?.status).toBe('succeeded');
	});
});

describe('read', () => {
	it('asks the reader of the kind of source, and counts the bytes', async () => {
		const asked: Source[] = [];
		const readers = (['url', 's3', 'file'] as const).map(scheme =>
			reader(scheme, async source => {
				asked.push(source);
				return bytesOf(scheme);
			}),
		);
		const sources: Source[] = [{file: '/a'}, {s3: 's3://b/k', versionId: '1'}, {url: 'https://example.com/'}];
		const fetch = async (_: unknown, {read}: Context) => {
			const texts = [];
			for (const source of sources) texts.push(new TextDecoder().decode(await read(source)));
			return texts;
		};
		const {outcome, report} = await outcomeOf(fetch, {readers});
		expect(outcome).toMatchObject({result: ['file', 's3', 'url']});
		expect(asked).toEqual(sources);
		expect(report.bytesIn).toBe(9);
	});

	it.each([
		[{s3: 's3://b/k'}, 'BUCKET_DENIED'],
		[{file: '/a'}, 'FILE_DENIED'],
		[{url: 'https://example.com/'}, 'SCHEME_DENIED'],
	] as const)('without a reader for %j is %s, which no second try helps', async (source, code) => {
		const {outcome} = await outcomeOf(async (_, {read}) => read(source));
		expect(outcome).toMatchObject({status: 'failed', attempts: 1, error: {code, stage: 'item', retryable: false}});
	});

	it('hands the cap and a live signal to the reader, and its error to the item', async () => {
		const readers = [
			reader('url', async (_, {maxBytes, signal}) => {
				expect([maxBytes, signal.aborted]).toEqual([7, false]);
				throw new TwolaneError('TOO_MANY_BYTES', 'eight');
			}),
		];
		const {outcome} = await outcomeOf(async (_, {read}) => read({url: 'https://example.com/'}), {readers, limits: {maxBytes: 7}});
		expect(outcome).toMatchObject({error: {code: 'TOO_MANY_BYTES', stage: 'fetch'}});
	});

	it('reserves a growing body once, not each time anew', async () => {
		const both = createBarrier();
		const readers = [
			reader('url', async (_, context) => {
				for (const size of [10, 20, 20, 5, 40]) await context.reserve(size);
				await both.wait();
				return new Uint8Array(40);
			}),
		];
		const fetch = async (_: unknown, {read}: Context) => read({url: 'https://example.com/'});
		const all = testRun({fetch}, [1, 2], {readers, limits: {inFlightBytes: 80}}).all();
		// They are here together only if each holds 40 and not 95.
		await both.reached(2);
		both.open();
		expect((await all).report.itemCounts.succeeded).toBe(2);
	});
});

describe('put', () => {
	it('stores bytes and text, and records them in the outcome', async () => {
		const store = memoryStore();
		const fetch = async (_: unknown, {put}: Context) => [await put('a.txt', 'héllo'), await put('b.bin', new Uint8Array([1, 2]))];
		const {outcome, report} = await outcomeOf(fetch, {store});
		const folder = `${sha256('item-0').slice(0, 2)}/item-0`;
		// printf 'h\303\251llo' | sha256sum
		const outputs = [
			{name: 'a', key: `${folder}/a.txt`, bytes: 6, sha256: sha256('héllo')},
			{name: 'b', key: `${folder}/b.bin`, bytes: 2, sha256: sha256('\u0001\u0002')},
		];
		expect(outcome).toMatchObject({status: 'succeeded', outputs, result: outputs});
		expect([...store.files.keys()]).toEqual(outputs.map(({key}) => key));
		expect(report.bytesOut).toBe(8);
	});

	it('records only what the try wrote that succeeded', async () => {
		const store = memoryStore();
		const fetch = async (_: unknown, {put, attempt}: Context) => {
			await put('a.txt', `try ${attempt}`);
			if (attempt === 1) throw new Error('then it broke');
		};
		const {outcome} = await outcomeOf(fetch, {store});
		expect(outcome).toMatchObject({attempts: 2, outputs: [{name: 'a', sha256: sha256('try 2')}]});
		expect(outcome).toHaveProperty('outputs.length', 1);
	});

	it('is tried again with its stage when the store fails', async () => {
		let puts = 0;
		const store = memoryStore(() => {
			puts++;
			if (puts === 1) throw new TwolaneError('STORE_FAILED', 'the disk blinked');
		});
		const {outcomes} = await testRun({fetch: async () => 1, store: async (_: unknown, {put}: Context) => put('a.txt', 'x')}, [0], {
			store,
		}).all();
		expect(outcomes[0]).toMatchObject({status: 'succeeded', attempts: 2});
		expect(outcomes[0]).toHaveProperty('outputs.length', 1);
	});

	it('keeps outputs of fetch and store together', async () => {
		const store = memoryStore();
		const stages = {
			fetch: async (_: unknown, {put}: Context) => put('a.txt', 'x'),
			store: async (_: unknown, {put}: Context) => put('b.txt', 'y'),
		};
		const {outcomes} = await testRun(stages, [0], {store}).all();
		expect(outcomes[0]).toMatchObject({outputs: [{name: 'a'}, {name: 'b'}]});
	});

	it.each([
		['the same name', ['a.txt', 'a.txt']],
		['the same name with another extension', ['a.txt', 'a.png']],
		['names that differ in capitals, which some disks do not tell apart', ['A.txt', 'a.txt']],
	])('fails the item at %s', async (_, names) => {
		const fetch = async (_item: unknown, {put}: Context) => {
			for (const name of names) await put(name, 'x');
		};
		const {outcome} = await outcomeOf(fetch, {store: memoryStore()});
		expect(outcome).toMatchObject({
			status: 'failed',
			attempts: 1,
			error: {code: 'STORE_FAILED', retryable: false, message: expect.stringContaining("named 'a'")},
		});
	});

	it('lets a stage try the same name again after a failure of its own', async () => {
		let puts = 0;
		const store = memoryStore(() => {
			if (++puts === 1) throw new TwolaneError('STORE_FAILED', 'the disk blinked');
		});
		const fetch = async (_: unknown, {put}: Context) => put('a.txt', 'x').catch(() => put('a.txt', 'x'));
		const {outcome} = await outcomeOf(fetch, {store});
		expect(outcome).toMatchObject({status: 'succeeded', attempts: 1, outputs: [{name: 'a'}]});
	});

	it('fails the item when both are under way at once', async () => {
		const fetch = async (_: unknown, {put}: Context) => Promise.all([put('a.txt', 'x'), put('a.txt', 'y')]);
		const {outcome} = await outcomeOf(fetch, {store: memoryStore(() => Promise.resolve())});
		expect(outcome).toMatchObject({status: 'failed', error: {code: 'STORE_FAILED'}});
	});

	it('fails the item when the run was given no `out`', async () => {
		const {outcome} = await outcomeOf(async (_, {put}) => put('a.txt', 'x'));
		expect(outcome).toMatchObject({
			status: 'failed',
			attempts: 1,
			error: {code: 'STORE_FAILED', retryable: false, message: expect.stringContaining('`out`')},
		});
	});

	it.each(['../a.txt', '/etc/passwd', '', 'a/b.txt', '.hidden'])('refuses the name %j', async name => {
		const store = memoryStore();
		const {outcome} = await outcomeOf(async (_, {put}) => put(name, 'x'), {store});
		expect(outcome).toMatchObject({status: 'failed', attempts: 1, error: {code: 'STORE_FAILED', retryable: false}});
		expect(store.files.size).toBe(0);
	});
});
