import {describe, expect, it} from 'vitest';
import {TwolaneError} from '../../src/lanes/errors.ts';
import {layout} from '../../src/runs/layout.ts';
import {sha256} from '../support/lane-setup.ts';
import {type ApiWorld, items, openApiWorld, pictures, readProblem} from './api-world.ts';

const url = (name: string) => ({url: `https://example.com/${name}.jpg`});
const key = (value: string) => ({'idempotency-key': value});
const runIds = (world: ApiWorld) =>
	world
		.keys('runs/')
		.filter(name => name.endsWith('/run.json'))
		.map(name => name.split('/')[1] ?? '');
const spec = (world: ApiWorld, runId: string) => world.json(layout.spec(runId)) as Readonly<Record<string, unknown>>;

describe('POST /runs', () => {
	it('creates a run of items, starts it, and says where it is', async () => {
		const world = openApiWorld();
		const response = await world.post('/runs', items(url('a'), {...url('b'), id: 'sku-2'}));
		expect(response.status).toBe(202);
		expect(response.headers.get('location')).toBe('/runs/id-0');
		expect(response.headers.get('retry-after')).toMatch(/^\d+$/u);
		expect(await response.json()).toMatchObject({id: 'id-0', flow: 'pictures', out: 'memory:', links: {self: '/runs/id-0'}});
		expect(world.started).toEqual(['id-0']);

		const text = `${JSON.stringify(url('a'))}\n${JSON.stringify({...url('b'), id: 'sku-2'})}\n`;
		const [spool = ''] = world.keys('spool/');
		expect(world.state.objects.get(spool)?.text).toBe(text);
		expect(spec(world, 'id-0')).toMatchObject({
			flow: 'pictures',
			sources: [{kind: 'iterable', sha256: sha256(text), spool}],
			out: 'memory:',
			allowOrigins: [],
			skipInvalid: false,
			engine: 'auto',
			maxWorkers: 50,
			session: {},
			request: expect.stringMatching(/^[0-9a-f]{64}$/u),
		});
	});

	it('keeps all that a request says', async () => {
		const world = openApiWorld();
		await world.post('/runs', {
			flow: 'pictures',
			source: {s3: 's3://bucket/list.jsonl'},
			options: {unit: 'KiB'},
			limits: {ioConcurrency: 'auto', threads: 2, maxBytes: 1000, fetchTimeoutMs: 5000},
			attempts: 2,
			toleratedFailureCount: 3,
			toleratedFailurePercentage: 0.5,
			limit: 10,
			skipInvalid: true,
			engine: 'lambda',
			maxWorkers: 7,
		});
		expect(spec(world, 'id-0')).toMatchObject({
			options: {unit: 'KiB'},
			sources: [{name: 's3://bucket/list.jsonl'}],
			maxBytes: 1000,
			limit: 10,
			skipInvalid: true,
			engine: 'lambda',
			maxWorkers: 7,
			session: {
				attempts: 2,
				toleratedFailureCount: 3,
				toleratedFailurePercentage: 0.5,
				limits: {ioConcurrency: 'auto', threads: 2, maxBytes: 1000, fetchTimeoutMs: 5000},
			},
		});
	});

	it('makes one run of 20 requests at once that have one key', async () => {
		const world = openApiWorld();
		const answers = await Promise.all(Array.from({length: 20}, async () => await world.post('/runs', items(url('a')), key('k'))));
		expect(new Set(answers.map(({status}) => status))).toEqual(new Set([202]));
		expect(new Set(await Promise.all(answers.map(answer => answer.text()))).size).toBe(1);
		expect(runIds(world)).toHaveLength(1);
		expect(world.keys('spool/')).toHaveLength(1);
		expect(world.keys('runs-by-time/')).toHaveLength(1);
	});

	it('gives the same answer again, also when the run has gone on and its source has changed', async () => {
		let version = 0;
		const pinS3 = async (uri: string) => ({kind: 'file', name: uri, path: uri, sha256: sha256(`${version++}`)}) as const;
		const world = openApiWorld({}, {pinS3});
		const body = {source: {s3: 's3://bucket/list.jsonl'}, limit: 3};
		const first = await world.post('/runs', body, key('k'));
		const text = await first.text();
		const {id} = JSON.parse(text) as {readonly id: string};
		await world.post(`/runs/${id}/pause`);
		const again = await world.post('/runs', {limit: 3, source: body.source}, key('k'));
		expect([again.status, await again.text(), again.headers.get('location')]).toEqual([202, text, first.headers.get('location')]);
		expect(version).toBe(1);
		// What was paused stays so.
		expect(world.started).toEqual([id]);
	});

	it('is one run for two that found two versions of the source at once', async () => {
		let version = 0;
		const pinS3 = async (uri: string) => ({kind: 'file', name: uri, path: uri, sha256: sha256(`${version++}`)}) as const;
		const world = openApiWorld({}, {pinS3});
		const body = {source: {s3: 's3://bucket/list.jsonl'}};
		const answers = await Promise.all([1, 2, 3].map(async () => await world.post('/runs', body, key('k'))));
		expect(answers.map(({status}) => status)).toEqual([202, 202, 202]);
		expect(version).toBe(3);
		expect(runIds(world)).toHaveLength(1);
	});

	it('starts a run again whose first start came to nothing', async () => {
		const world = openApiWorld({}, {start: async () => Promise.reject(new Error('throttled'))});
		expect((await world.post('/runs', items(url('a')), key('k'))).status).toBe(202);
		expect((await world.post('/runs', items(url('a')), key('k'))).status).toBe(202);
		expect(world.failures.map(({error}) => (error as Error).message)).toEqual(['throttled', 'throttled']);
	});

	it('refuses the same key with another body, and leaves nothing of it', async () => {
		const world = openApiWorld();
		await world.post('/runs', items(url('a')), key('k'));
		const before = world.keys();
		for (const other of [items(url('b')), {...items(url('a')), toleratedFailureCount: 1}, {...items(url('a')), flow: 'pictures'}]) {
			expect(await readProblem(await world.post('/runs', other, key('k')))).toMatchObject({http: 422, code: 'IDEMPOTENCY_KEY_REUSED'});
		}
		expect(world.keys()).toEqual(before);
	});

	it('makes a run of each request without a key, and of each key', async () => {
		const world = openApiWorld();
		for (const headers of [{}, {}, key('a'), key('A'), key('"a"')]) await world.post('/runs', items(url('a')), headers);
		expect(runIds(world)).toHaveLength(5);
		expect(runIds(world).every(id => /^[a-z0-9-]+$/u.test(id))).toBe(true);
	});

	it.each(['', ' ', 'ä', 'a b', 'x'.repeat(256)])('refuses the key %j', async value => {
		const world = openApiWorld();
		expect(await readProblem(await world.post('/runs', items(url('a')), key(value)))).toMatchObject({http: 400, code: 'KEY_INVALID'});
	});

	it.each([
		['allowOrigins', ['http://127.0.0.1']],
		['allowOrigin', 'http://127.0.0.1'],
		['out', 's3://other/bucket'],
		['state', 's3://other/bucket'],
		['runId', 'mine'],
		['readers', []],
		['fresh', true],
		['flowFile', {path: '/evil.ts'}],
		['__proto__', {allowOrigins: ['x']}],
		['constructor', {}],
	])('refuses %s: nothing opens the address guard or writes elsewhere', async (name, value) => {
		const world = openApiWorld();
		const body = `{"source":{"items":[]},${JSON.stringify(name)}:${JSON.stringify(value)}}`;
		expect(await readProblem(await world.post('/runs', body))).toMatchObject({
			http: 422,
			code: 'REQUEST_INVALID',
			detail: `${name}: unknown key.`,
			errors: [{pointer: `/${name}`, detail: 'unknown key'}],
		});
		expect(world.keys()).toEqual([]);
	});

	it.each([
		[{}, '/source'],
		[[], ''],
		['"text"', ''],
		[{source: {}}, '/source/s3'],
		[{source: {s3: 's3://bucket/list.jsonl', items: []}}, '/source/items'],
		[{source: {s3: 'https://example.com/list.jsonl'}}, '/source/s3'],
		[{source: {s3: 's3://bucket'}}, '/source/s3'],
		[{source: {items: {}}}, '/source/items'],
		[{source: {items: [], allowOrigins: []}}, '/source/allowOrigins'],
		[{...items(), limits: {ioConcurrency: 0}}, '/limits/ioConcurrency'],
		[{...items(), limits: {ioConcurrency: 'many'}}, '/limits/ioConcurrency'],
		[{...items(), limits: {maxBytes: 'auto'}}, '/limits/maxBytes'],
		[{...items(), limits: {'a/b~c': 1}}, '/limits/a~1b~0c'],
		[{...items(), attempts: 101}, '/attempts'],
		[{...items(), toleratedFailureCount: -1}, '/toleratedFailureCount'],
		[{...items(), toleratedFailurePercentage: 101}, '/toleratedFailurePercentage'],
		[{...items(), limit: 0}, '/limit'],
		[{...items(), limit: 1.5}, '/limit'],
		[{...items(), skipInvalid: 'yes'}, '/skipInvalid'],
		[{...items(), maxWorkers: 0}, '/maxWorkers'],
		[{...items(), engine: 'rocket'}, '/engine'],
		[{...items(), flow: null}, '/flow'],
	])('refuses %j for its %s', async (body, pointer) => {
		const world = openApiWorld();
		const {http, code, errors} = await readProblem(await world.post('/runs', body));
		expect({http, code, pointer: errors?.[0]?.pointer}).toEqual({http: 422, code: 'REQUEST_INVALID', pointer});
		expect(world.keys()).toEqual([]);
	});

	it.each([
		[{...items(), flow: 'toString'}, 'FLOW_UNKNOWN', /pictures, words/u],
		[{...items(), flow: './evil.ts'}, 'FLOW_UNKNOWN', /pictures, words/u],
		[{...items(), engine: 'distributed-map'}, 'ENGINE_UNAVAILABLE', /in-process, lambda/u],
		[{...items(), options: {unit: 'mile'}}, 'OPTIONS_INVALID', /^options\/unit: /u],
		[{...items(), options: {other: 1}}, 'OPTIONS_INVALID', /other/u],
		[{...items({word: 'a'}), flow: 'words', options: {unit: 'byte'}}, 'OPTIONS_INVALID', /takes no options/u],
	])('refuses %j: %s', async (body, code, detail) => {
		const world = openApiWorld();
		const problem = await readProblem(await world.post('/runs', body));
		expect(problem).toMatchObject({http: 422, code, detail: expect.stringMatching(detail)});
		expect(world.keys()).toEqual([]);
	});
});

describe('items that come with a request', () => {
	it('are all checked before there is a run, and named by their places', async () => {
		const world = openApiWorld();
		const given = [url('a'), {url: 'nowhere'}, {...url('b'), id: 'same'}, {...url('c'), id: 'same'}, 7];
		const problem = await readProblem(await world.post('/runs', items(...given)));
		expect(problem).toMatchObject({http: 422, code: 'ITEMS_INVALID', detail: expect.stringMatching(/^item 1: .* and 2 more\.$/u)});
		expect(problem.errors?.map(({pointer}) => pointer)).toEqual([1, 3, 4].map(index => `/source/items/${index}`));
		expect(problem.errors?.[1]?.detail).toMatch(/in item 2$/u);
		expect(world.keys()).toEqual([]);
	});

	it('may be skipped when they are invalid', async () => {
		const world = openApiWorld();
		expect((await world.post('/runs', {...items(url('a'), {url: 'nowhere'}), skipInvalid: true})).status).toBe(202);
	});

	it('are checked by the schema of the flow that is asked for, as they will be read again', async () => {
		const world = openApiWorld();
		expect((await world.post('/runs', {...items({word: 'short'}), flow: 'words'})).status).toBe(202);
		const long = await readProblem(await world.post('/runs', {...items({word: 'much too long'}), flow: 'words'}));
		expect(long.errors?.[0]).toMatchObject({pointer: '/source/items/0', detail: expect.stringMatching(/^word: /u)});
	});

	it.each([false, true])('may not name files where there are none to name, skipped or not (%s)', async skipInvalid => {
		const world = openApiWorld();
		const problem = await readProblem(await world.post('/runs', {...items(url('a'), {file: '/etc/passwd'}), skipInvalid}));
		expect(problem).toMatchObject({http: 422, code: 'ITEMS_INVALID', errors: [{pointer: '/source/items/1'}]});
		expect(world.keys()).toEqual([]);
	});

	it('may name the files that the server allows', async () => {
		const files = {
			base: '/photos',
			resolve(path: string) {
				if (!path.startsWith('..')) return `/photos/${path}`;
				throw new TwolaneError('FILE_DENIED', 'file: lies outside');
			},
		};
		const world = openApiWorld({}, {files});
		expect((await world.post('/runs', items({file: 'a.jpg'}))).status).toBe(202);
		expect(spec(world, 'id-0')).toMatchObject({sources: [{base: '/photos'}]});
		const refusal = await readProblem(await world.post('/runs', {...items({file: '../a.jpg'}), skipInvalid: true}));
		expect(refusal.errors).toEqual([{pointer: '/source/items/0', detail: 'file: lies outside'}]);
	});

	it('may be none', async () => {
		expect((await openApiWorld().post('/runs', items())).status).toBe(202);
	});
});

describe('an S3 source', () => {
	const refusing = (error: Error) => {
		const pinS3 = async (): Promise<never> => {
			throw error;
		};
		return openApiWorld({}, {pinS3});
	};
	const post = async (world: ApiWorld) => await readProblem(await world.post('/runs', {source: {s3: 's3://bucket/list.orc'}}));

	it.each([new TypeError('ORC inventories are not read'), new TwolaneError('S3_NOT_FOUND', 'there is no s3://bucket/list.orc')])(
		'that can never be read is refused: %s',
		async error => {
			expect(await post(refusing(error))).toMatchObject({http: 422, code: 'SOURCE_UNREADABLE', detail: error.message});
		},
	);

	it('is looked at as the flow will read it', async () => {
		const asked: unknown[] = [];
		const pinS3 = async (uri: string, {extensions}: {readonly extensions?: readonly string[]}) => {
			asked.push([uri, extensions]);
			return {kind: 'file', name: uri, path: uri, sha256: sha256(uri)} as const;
		};
		const world = openApiWorld({}, {pinS3, flows: {pictures: {load: async () => pictures, extensions: ['jpg']}}});
		for (const s3 of ['s3://bucket/raw/', 's3://bucket/']) await world.post('/runs', {source: {s3}});
		expect(asked).toEqual([
			['s3://bucket/raw/', ['jpg']],
			['s3://bucket/', ['jpg']],
		]);
	});

	it('that cannot be read now is worth another try', async () => {
		expect(await post(refusing(new TwolaneError('S3_TIMEOUT', 's3')))).toMatchObject({http: 503, code: 'UNAVAILABLE'});
		expect(await post(refusing(new TwolaneError('S3_THROTTLED', 's3')))).toMatchObject({http: 429, code: 'THROTTLED'});
	});
});
