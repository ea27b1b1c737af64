import {createHash} from 'node:crypto';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import type {FlowDefinition} from '../../src/lanes/flow.ts';
import {TwolaneError} from '../../src/lanes/errors.ts';
import {sourceItem} from '../../src/lanes/source.ts';
import {parseItemLine} from '../../src/manifest/item-line.ts';
import {createKeyFilter} from '../../src/manifest/key-filter.ts';
import {ManifestError} from '../../src/manifest/manifest-error.ts';
import type {ManifestRow} from '../../src/manifest/manifest-row.ts';
import {type ManifestSource, planItems, type PlanItemsOptions} from '../../src/manifest/plan-items.ts';
import {readRows} from '../../src/manifest/read-rows.ts';
import {planExactly} from './exact-plan.ts';
import {memoryFiles} from './items-files.ts';
import {streamBytes, toBytes} from './manifest-bytes.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const flow: FlowDefinition = {name: 'test', item: sourceItem, fetch: async () => undefined};
const textFlow: FlowDefinition = {...flow, item: z.string()};
const manifest = (content: string, name = 'list.jsonl') => ({
	name,
	rows: readRows(streamBytes(toBytes(content)), {name}),
	resolveFile: (path: string) => `/base/${path}`,
});

type Options = Partial<Omit<PlanItemsOptions, 'files'>>;

/** What a plan comes to; no file but the named one is left. */
async function planLines(manifests: readonly ManifestSource[], options: Options = {}, of = flow) {
	const files = memoryFiles();
	try {
		const {file, ...index} = await planItems(of, manifests, {sha256, files, ...options});
		expect(files.names()).toEqual([file]);
		return {...index, text: files.read(file), writes: files.writes()};
	} catch (error) {
		expect(files.names()).toEqual([]);
		throw error;
	}
}

async function plan(contents: string | readonly ManifestSource[], options: Options = {}, of = flow) {
	const planned = await planLines(typeof contents === 'string' ? [manifest(contents)] : contents, options, of);
	const lines = planned.text.split('\n').slice(0, -1);
	const items = await Promise.all(
		lines.map(async line => ({entry: await parseItemLine(line, of), raw: (JSON.parse(line) as {item: unknown}).item})),
	);
	return {items, repeats: planned.repeats};
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
			entry: {n: 1, id: 'b', source: '2.jpg', item: {id: 'b', file: '/base/2.jpg'}, given: {id: 'b', file: '/base/2.jpg'}},
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
		await expect(plan([manifest('id,file\na,1\na,2\nb,"c', 'l.csv')])).rejects.toThrow(
			/^l\.csv:3: id "a" was already used in line 2\nl\.csv:4: a quoted cell does not end/u,
		);
	});
	it('leave a failing store or source as it is', async () => {
		const broken = {...manifest(''), rows: failWith(new Error('disk'))};
		await expect(plan([broken])).rejects.toThrow(/^disk$/u);
	});
	it('end with the signal', async () => {
		const signal = AbortSignal.abort(new Error('Ctrl-C'));
		await expect(plan('{"file":"a"}', {signal})).rejects.toThrow('Ctrl-C');
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
	it('have ids of their own when items are called as they would be', async () => {
		const idsOfArray = async (...rows: readonly unknown[]) =>
			idsOf(await plan([manifest(JSON.stringify(rows), 'l.json')], {skipInvalid: true}));
		const named = (id: string) => ({id, file: 'a'});
		expect(await idsOfArray(1, 2, named('line-1-item-1'))).toEqual(['line-1', 'line-1-item-1', 'line-1-item-2']);
		expect(await idsOfArray(named('line-1-item-2'), 1, 2)).toEqual(['line-1-item-2', 'line-1', 'line-1-item-2-again']);
		const twoLines = '[1,2,\n3,{"id":"line-1-item-1","file":"a"}]';
		expect(idsOf(await plan([manifest(twoLines, 'l.json')], {skipInvalid: true}))).toEqual([
			'line-1',
			'line-1-item-1',
			'line-2',
			'line-2-item-3',
		]);
	});
});

describe('the index', () => {
	const rows = (count: number) => Array.from({length: count}, (_, n) => `{"id":"é${n}","url":"https://h${n % 12}/ü?${n}"}`);
	it('has the byte of every tenth line and the size of the file', async () => {
		const {text, offsets, total} = await planLines([manifest(rows(25).join('\n'))]);
		expect(total).toBe(25);
		expect(offsets.length).toBe(4);
		const cut = (at: number) => toBytes(text).subarray(offsets[at], offsets[at + 1]);
		const ordinals = [0, 1, 2].map(at => lineOrdinals(new TextDecoder().decode(cut(at))));
		expect(ordinals).toEqual([
			[0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
			[10, 11, 12, 13, 14, 15, 16, 17, 18, 19],
			[20, 21, 22, 23, 24],
		]);
		expect(offsets.at(-1)).toBe(toBytes(text).length);
	});
	it('is the file’s size alone when there are no items', async () => {
		expect(await planLines([])).toEqual({text: '', total: 0, repeats: 0, offsets: [0], repeatsBefore: [0], hosts: [], writes: 1});
	});
	it('counts the repeats before each tenth line', async () => {
		const files = Array.from({length: 21}, (_, n) => `{"file":"${n}"}`);
		const {repeats, repeatsBefore} = await planLines([manifest([...files.slice(0, 12), ...files, files[0]].join('\n'))]);
		expect([repeats, repeatsBefore]).toEqual([13, [0, 0, 12, 13]]);
	});
	it('names the ten hosts of most items, without repeats and failed rows', async () => {
		const list = [
			...rows(25),
			'{"s3":"s3://b/k"}',
			...Array.from({length: 4}, (_, n) => `{"file":"${n}"}`),
			'{"file":"0"}',
			'{"url":"nope"}',
		];
		const {hosts} = await planLines([manifest(list.join('\n'))], {skipInvalid: true});
		expect(hosts.slice(0, 3)).toEqual([
			{host: 'file:', items: 4},
			{host: 'https://h0', items: 3},
			{host: 'https://h1', items: 2},
		]);
		expect(hosts.length).toBe(10);
	});
	it('is made in one writing, unless something may clash', async () => {
		const distinct = rows(3000).join('\n');
		expect((await planLines([manifest(distinct)])).writes).toBe(1);
		const twice = await planLines([manifest(`\n${distinct}\n{"url":"https://h0/ü?0"}\n{"url":"https://h0/ü?0"}`)]);
		expect([twice.writes, twice.repeats]).toEqual([2, 1]);
		// The planner's notes to itself are gone.
		expect(twice.text).not.toContain('"at":');
	});
});

const lineOrdinals = (text: string): readonly number[] =>
	text
		.split('\n')
		.slice(0, -1)
		.map(line => (JSON.parse(line) as {n: number}).n);

async function* failWith(error: Error): AsyncGenerator<readonly ManifestRow[]> {
	yield [{line: 1, value: {file: 'a'}}];
	throw error;
}

describe('any lists', () => {
	const names = ['a', 'b', 'line-1', 'line-2', 'line-1-item-2', 'line-2-item-1-again', 'manifest-2-line-1', 'item-1', '\u0007'];
	const source = fc.oneof(
		fc.record({url: fc.constantFrom('https://h/a', 'https://h/b?1', 'https://h/b?1', 'line-1')}),
		fc.record({file: fc.constantFrom('a', 'same', 'denied', 'line-1-item-2')}),
		fc.record({url: fc.constantFrom('https://h/a', 'nope'), file: fc.constantFrom('a')}, {requiredKeys: []}),
	);
	const rest = fc.record(
		{
			id: fc.oneof({weight: 2, arbitrary: fc.constantFrom(...names)}, fc.nat({max: 30}).map(String)),
			kind: fc.constantFrom('x', 'y'),
		},
		{requiredKeys: []},
	);
	const value = fc.tuple(source, fc.oneof(fc.constant({}), rest)).map(([one, two]) => ({...one, ...two}));
	const row = fc.tuple(
		fc.oneof(
			{weight: 9, arbitrary: value.map(one => ({value: one}))},
			{weight: 2, arbitrary: fc.constantFrom('a', 'https://h/a').map(text => ({value: text, otherwise: {file: text}}))},
			fc.constant({problem: 'not JSON'}),
		),
		fc.constantFrom(0, 1, 1, 1, 2),
	);
	const list = fc.array(row, {maxLength: 25});
	const lists = fc.record({
		lists: fc.array(list, {minLength: 1, maxLength: 3}),
		isDamaged: fc.boolean(),
		named: fc.constantFrom(undefined, undefined, nameByTail),
		fingerprintBits: fc.constantFrom(1, 4, 32),
		rules: fc.record({skipInvalid: fc.boolean(), limit: fc.nat({max: 20}), maxRepeats: fc.nat({max: 4})}, {requiredKeys: []}),
	});
	type Lists = typeof lists extends fc.Arbitrary<infer Value> ? Value : never;

	function open({lists, isDamaged}: Lists): readonly ManifestSource[] {
		return lists.map((rows, manifest) => {
			let line = 1;
			const numbered = rows.map(([one, step], at) => ({line: (line += at === 0 ? 0 : step), ...one}));
			return {
				name: `list-${manifest}`,
				rows: batchesOf(numbered, isDamaged && manifest === lists.length - 1),
				resolveFile(path: string) {
					if (path === 'denied') throw new TwolaneError('FILE_DENIED', 'no');
					return path === 'same' ? '/same' : `/${manifest}/${path}`;
				},
			};
		});
	}

	async function* batchesOf(rows: readonly ManifestRow[], isDamaged: boolean): AsyncGenerator<readonly ManifestRow[]> {
		for (let start = 0; start < rows.length; start += 3) yield rows.slice(start, start + 3);
		if (isDamaged) throw new ManifestError([{manifest: 'list', problem: 'cut off'}]);
	}

	it('are planned in flat memory as they would be with every id in a map', async () => {
		// Ids that a schema makes are not in the item as it was given.
		const item = z.preprocess(given => (isKind(given, 'x') ? {...given, id: 'made'} : given), z.union([z.string(), looseSource]));
		await fc.assert(
			fc.asyncProperty(lists, async given => {
				const of: FlowDefinition = {...flow, item, ...(given.named !== undefined && {id: given.named})};
				const {lines, repeats, refusal} = await planExactly(of, open(given), {sha256, ...given.rules});
				const filter = createKeyFilter({fingerprintBits: given.fingerprintBits});
				const planned = planLines(open(given), {filter, ...given.rules}, of).catch((error: ManifestError) => error);
				const result = await planned;
				if (refusal !== undefined || result instanceof Error) {
					expect(result instanceof ManifestError && [result.message, result.problemCount]).toEqual(refusal);
					return;
				}
				expect(withoutNotes(result.text)).toEqual(lines);
				expect([result.repeats, result.total]).toEqual([repeats, lines.length]);
			}),
			{numRuns: 1000},
		);
	});
});

/** Items of one source may have two such names, and two sources one. */
const nameByTail = (item: unknown): string => {
	const {url = 'none', kind = ''} = item as {readonly url?: string; readonly kind?: string};
	return `${url.at(-1)}${kind}`;
};

const looseSource = z
	.looseObject({})
	.refine(item => (item.url === undefined) !== (item.file === undefined) && item.url !== 'nope', 'no source');
const isKind = (given: unknown, kind: string): given is object => (given as {kind?: unknown} | null)?.kind === kind;

const withoutNotes = (text: string): readonly string[] =>
	text
		.split('\n')
		.slice(0, -1)
		.map(line => {
			const {at: _, ...row} = JSON.parse(line) as Record<string, unknown>;
			return JSON.stringify(row);
		});
