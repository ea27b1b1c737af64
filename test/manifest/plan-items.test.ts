import {createHash} from 'node:crypto';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import type {FlowDefinition} from '../../src/lanes/flow.ts';
import {TwolaneError} from '../../src/lanes/errors.ts';
import {sourceItem} from '../../src/lanes/source.ts';
import {ManifestError} from '../../src/manifest/manifest-error.ts';
import {planItems, type PlanItemsOptions} from '../../src/manifest/plan-items.ts';
import {readRows} from '../../src/manifest/read-rows.ts';
import {streamBytes, toBytes} from './manifest-bytes.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const flow: FlowDefinition = {name: 'test', item: sourceItem, fetch: async () => undefined};
const textFlow: FlowDefinition = {...flow, item: z.string()};
const manifest = (content: string, name = 'list.jsonl') => ({
	name,
	rows: readRows(streamBytes(toBytes(content)), {name}),
	resolveFile: (path: string) => `/base/${path}`,
});

async function plan(contents: string | readonly ReturnType<typeof manifest>[], options: Partial<PlanItemsOptions> = {}, of = flow) {
	const manifests = typeof contents === 'string' ? [manifest(contents)] : contents;
	const batches = await Array.fromAsync(planItems(of, manifests, {sha256, ...options}));
	return {items: batches.flatMap(({items}) => items), repeats: batches.reduce((sum, {repeats}) => sum + repeats, 0)};
}
const idsOf = ({items}: Awaited<ReturnType<typeof plan>>): readonly string[] => items.map(({entry}) => entry.id);

describe('planItems', () => {
	it('numbers the items of several manifests in order, without a gap', async () => {
		const {items, repeats} = await plan([manifest('{"url":"https://h/1"}\n{"id":"b","file":"2.jpg"}'), manifest('s3://b/3\n', 'l.txt')]);
		expect(items.map(({entry: {n, id}}) => [n, id])).toEqual([
			[0, 'https://h/1'],
			[1, 'b'],
			[2, 's3://b/3'],
		]);
		expect(items[1]).toEqual({
			entry: {n: 1, id: 'b', source: '2.jpg', item: {id: 'b', file: '/base/2.jpg'}},
			raw: {id: 'b', file: '/base/2.jpg'},
		});
		expect(repeats).toBe(0);
	});
	it('gives nothing for an empty manifest, or for none', async () => {
		expect(await plan('')).toEqual({items: [], repeats: 0});
		expect(await plan([])).toEqual({items: [], repeats: 0});
	});
	it('takes a plain text as a source, and as it is for a flow whose items are texts', async () => {
		expect((await plan([manifest('https://h/a?x\n', 'l.txt')])).items[0]?.entry.item).toEqual({url: 'https://h/a?x'});
		expect((await plan([manifest('["https://h/a"]', 'l.json')])).items[0]?.entry.item).toEqual({url: 'https://h/a'});
		const texts = await plan([manifest('data/a.json\nhttps://h/a\n', 'l.txt')], {}, textFlow);
		expect(texts.items.map(({raw}) => raw)).toEqual(['data/a.json', 'https://h/a']);
	});
	it('waits for a schema that is asynchronous, in order', async () => {
		const slow: FlowDefinition = {...flow, item: z.string().refine(async text => text !== 'bad', 'is bad')};
		expect((await plan([manifest('a\nb\n', 'l.txt')], {}, slow)).items.map(({entry}) => entry.item)).toEqual(['a', 'b']);
		await expect(plan([manifest('a\nbad\n', 'l.txt')], {}, slow)).rejects.toThrow(/^l\.txt:2: /u);
	});
	it('reads no further than its limit', async () => {
		let isClosed = false;
		async function* rows() {
			try {
				for (let line = 1; ; line++)
					yield [
						{line, value: {id: `${line}`, file: 'a'}},
						{line, value: {id: `${line}b`, file: 'a'}},
					];
			} finally {
				isClosed = true;
			}
		}
		const endless = {name: 'l', rows: rows(), resolveFile: (path: string) => path};
		expect(idsOf(await plan([endless], {limit: 3}))).toEqual(['1', '1b', '2']);
		expect(isClosed).toBe(true);
		expect(await plan('{"file":"a"}', {limit: 0})).toEqual({items: [], repeats: 0});
	});
	it('leaves what a port denies as an outcome, not as a problem', async () => {
		const denied = {
			...manifest('{"file":"a"}\n{"file":"a"}'),
			resolveFile: (): never => {
				throw new TwolaneError('FILE_DENIED', 'no files here');
			},
		};
		expect((await plan([denied])).items.map(({entry}) => [entry.id, entry.error?.code])).toEqual([
			['item-0', 'FILE_DENIED'],
			['item-1', 'FILE_DENIED'],
		]);
	});
});

describe('the same again', () => {
	it('is one item when it is a source without an id; the repeats are counted', async () => {
		const planned = await plan('{"url":"https://h/a"}\n{"url":"https://u@h/a#x"}\n{"url":"https://h/a?1"}\n{"url":"https://h/a?1"}\n');
		expect(planned.items.map(({entry}) => entry.n)).toEqual([0, 1]);
		expect(planned.repeats).toBe(2);
	});
	it('is one item across manifests and formats', async () => {
		const planned = await plan([manifest('https://h/a\n', 'a.txt'), manifest('url\nhttps://h/a\n', 'b.csv')]);
		expect([planned.items.length, planned.repeats]).toEqual([1, 1]);
	});
	it('is two items when the ids differ', async () => {
		expect(idsOf(await plan('{"id":"1","url":"https://h/a"}\n{"id":"2","url":"https://h/a"}\n{"url":"https://h/a"}'))).toEqual([
			'1',
			'2',
			'https://h/a',
		]);
	});
	it('is a mistake when it is an id, and both lines are named', async () => {
		const rows = '{"id":"a","file":"1"}\n\n{"id":"b","file":"2"}\n{"id":"a","file":"3"}\n';
		await expect(plan(rows)).rejects.toThrow(/^list\.jsonl:4: id "a" was already used in line 1$/u);
		const two = [manifest('{"id":"x","file":"1"}', 'a.jsonl'), manifest('\n{"id":"x","file":"1"}', 'b.jsonl')];
		await expect(plan(two)).rejects.toThrow(/^b\.jsonl:2: id "x" was already used in a\.jsonl:1$/u);
	});
	it('is a mistake, not a repeat, when an id looks like another item’s source, in either order', async () => {
		const rows = ['{"id":"https://h/a","file":"1"}', '{"url":"https://h/a"}'];
		await expect(plan(rows.join('\n'))).rejects.toThrow('list.jsonl:2: id "https://h/a" was already used in line 1');
		await expect(plan(rows.toReversed().join('\n'))).rejects.toThrow('list.jsonl:2: id "https://h/a" was already used in line 1');
	});
	it('is told by the source where the flow makes the ids, and two sources of one id are a mistake', async () => {
		const named: FlowDefinition = {...flow, id: item => (item as {url: string}).url.split('/').at(-1) ?? ''};
		const planned = await plan('{"url":"https://h/1/a"}\n{"url":"https://h/1/a"}\n{"url":"https://h/1/b"}', {}, named);
		expect([idsOf(planned), planned.repeats]).toEqual([['a', 'b'], 1]);
		await expect(plan('{"url":"https://h/1/a"}\n{"url":"https://h/2/a"}', {}, named)).rejects.toThrow(
			'list.jsonl:2: id "a" was already used in line 1',
		);
	});
	it('keeps items apart that differ in a number as id', async () => {
		const numbered: FlowDefinition = {...flow, item: z.object({id: z.number(), url: z.string()})};
		expect(idsOf(await plan('{"id":1,"url":"https://h/a"}\n{"id":2,"url":"https://h/a"}', {}, numbered))).toEqual(['1', '2']);
	});
	it('is refused when it comes too often', async () => {
		const rows = '{"url":"https://h/a"}\n'.repeat(4);
		expect(await plan(rows, {maxRepeats: 3})).toMatchObject({repeats: 3});
		await expect(plan(rows, {maxRepeats: 2})).rejects.toThrow(
			'list.jsonl:4: more than 2 rows repeat an earlier source; take the repeats out',
		);
	});
});

describe('problems', () => {
	it('are named together at the end, with their lines, and hold no query', async () => {
		const rows =
			'{"id":"a","url":"https://h/1"}\n{"url":"https://h/?secret"\n{"url":"x?secret"}\n{"id":"a","url":"https://h/2?secret"}\n{"id":"c"}\n';
		const failure = await plan(rows).catch((error: unknown) => error);
		expect(failure).toBeInstanceOf(ManifestError);
		expect((failure as Error).message.split('\n')).toEqual([
			expect.stringMatching(/^list\.jsonl:2: not JSON: /u),
			'list.jsonl:3: url: url must be a whole URL, such as https://example.com/a.jpg',
			'list.jsonl:4: id "a" was already used in line 1',
			'list.jsonl:5: expected one of url, s3 or file, got id',
		]);
		expect((failure as Error).message).not.toContain('secret');
	});
	it('beyond the first 20 are counted', async () => {
		const failure = (await plan('{\n'.repeat(23)).catch((error: unknown) => error)) as ManifestError;
		expect([failure.problems.length, failure.problemCount]).toEqual([20, 23]);
		expect(failure.message.split('\n').at(-1)).toBe('and 3 more');
	});
	it('stand before the damage that ends the reading', async () => {
		const failing = manifest('id,file\na\nb,"c', 'l.csv');
		await expect(plan([failing])).rejects.toThrow(/^l\.csv:2: expected 2 cells.*\nl\.csv:3: a quoted cell does not end/u);
		await expect(plan([manifest('id,file\nb,"c', 'l.csv')], {skipInvalid: true})).rejects.toThrow('l.csv:2: a quoted cell does not end');
	});
	it('stop the yielding, not the reading', async () => {
		const yielded: number[] = [];
		const rows = [
			{line: 1, problem: 'bad'},
			{line: 2, value: {file: 'a'}},
		] as const;
		async function* batches() {
			yield [{line: 0, value: {file: 'b'}}];
			yield rows;
		}
		const run = async () => {
			for await (const {items} of planItems(flow, [{name: 'l', rows: batches(), resolveFile: path => path}], {sha256}))
				yielded.push(items.length);
		};
		await expect(run()).rejects.toThrow(/^l:1: bad$/u);
		expect(yielded).toEqual([1, 0]);
	});
	it('become failed items with skipInvalid, each with a number and an id of its own', async () => {
		const rows = '{"id":"line-3","file":"1"}\n{broken\n[1]\n{"id":"line-3","file":"2"}\n{"url":"nope"}\n{"id":"z","file":"3"}\n';
		const {items} = await plan(rows, {skipInvalid: true});
		expect(items.map(({entry: {n, id, error}}) => [n, id, error?.code])).toEqual([
			[0, 'line-3', undefined],
			[1, 'line-2', 'ITEM_INVALID'],
			[2, 'line-3-item-2', 'ITEM_INVALID'],
			[3, 'line-4', 'ITEM_INVALID'],
			[4, 'line-5', 'ITEM_INVALID'],
			[5, 'z', undefined],
		]);
		expect(items[1]).toMatchObject({
			raw: null,
			entry: {item: null, error: {stage: 'item', retryable: false, message: expect.stringMatching(/^list\.jsonl:2: not JSON/u)}},
		});
		expect(items[3]).toMatchObject({
			raw: {id: 'line-3', file: '/base/2'},
			entry: {error: {message: 'list.jsonl:4: id "line-3" was already used in line 1'}},
		});
	});
	it('have ids of their own in later manifests and in one line', async () => {
		const both = [manifest('[1,2,{"id":"line-1-item-2"}]', 'a.json'), manifest('[3]', 'b.json')];
		expect(idsOf(await plan(both, {skipInvalid: true}))).toEqual(['line-1', 'line-1-item-1', 'line-1-item-2', 'manifest-2-line-1']);
	});
});

describe('any rows', () => {
	const row = fc.record(
		{id: fc.constantFrom('a', 'b', 'line-1', 'line-2'), url: fc.constantFrom('https://h/a', 'https://h/b?1', 'nope')},
		{requiredKeys: []},
	);
	it('with skipInvalid become items numbered without gaps, with ids used once, and none is lost', async () => {
		await fc.assert(
			fc.asyncProperty(fc.array(row, {maxLength: 12}), async rows => {
				const {items, repeats} = await plan(rows.map(value => JSON.stringify(value)).join('\n'), {skipInvalid: true});
				expect(items.map(({entry}) => entry.n)).toEqual([...items.keys()]);
				expect(new Set(items.map(({entry}) => entry.id)).size).toBe(items.length);
				expect(items.length + repeats).toBe(rows.length);
			}),
		);
	});
});
