import {describe, expect, it} from 'vitest';
import {TwolaneError} from '../../src/lanes/errors.ts';
import {layout} from '../../src/runs/layout.ts';
import {itemsOf} from '../runs/ledger.ts';
import {failing, states} from '../runs/states.ts';
import type {StoreStep} from '../support/memory-objects.ts';
import {type ApiWorld, items, openApiWorld, readProblem} from './api-world.ts';

interface Page {
	readonly runs: readonly {readonly id: string; readonly damage?: string; readonly links?: unknown}[];
	readonly items: readonly {readonly n: number; readonly status: string}[];
	readonly cursor?: string;
}
const readPage = async (world: ApiWorld, path: string): Promise<Page> => {
	const response = await world.get(path);
	expect(response.status).toBe(200);
	return (await response.json()) as Page;
};

/** All pages of a list. */
async function readPages(world: ApiWorld, path: string): Promise<Page[]> {
	const pages: Page[] = [];
	for (let cursor: string | undefined = ''; cursor !== undefined;) {
		const more: string = cursor === '' ? '' : `&cursor=${cursor}`;
		const page = await readPage(world, path + more);
		pages.push(page);
		({cursor} = page);
	}
	return pages;
}

describe('GET /runs', () => {
	it('lists runs, newest first, page by page', async () => {
		const world = openApiWorld();
		const ids: string[] = [];
		for (let n = 0; n < 7; n++) {
			world.wall.ms += 1000;
			ids.unshift(((await (await world.post('/runs', items())).json()) as {readonly id: string}).id);
		}
		const pages = await readPages(world, '/runs?limit=3');
		expect(pages.map(({runs}) => runs.length)).toEqual([3, 3, 1]);
		expect(pages.flatMap(({runs}) => runs.map(({id}) => id))).toEqual(ids);
		expect(pages[0]?.runs[0]?.links).toMatchObject({self: `/runs/${ids[0]}`});
	});

	it('is empty where there are none', async () => {
		expect(await readPage(openApiWorld(), '/runs')).toEqual({runs: []});
	});

	it('shows a damaged run without hiding the others', async () => {
		const world = openApiWorld();
		await world.post('/runs', items());
		world.wall.ms += 1000;
		await world.post('/runs', items());
		await world.edit(layout.spec('id-0'), text => text.replace('pictures', 'changed'));
		const {runs} = await readPage(world, '/runs');
		expect(runs).toMatchObject([
			{id: 'id-1', links: {}},
			{id: 'id-0', damage: expect.stringMatching(/changed/u)},
		]);
		expect(await readProblem(await world.get('/runs/id-0'))).toMatchObject({http: 500, code: 'STATE_INVALID'});
	});
});

describe('GET /runs/{id}', () => {
	it('says how the run stands', async () => {
		const world = openApiWorld();
		const runId = await states.FAILED(world);
		expect(await (await world.get(`/runs/${runId}`)).json()).toMatchObject({
			id: runId,
			status: 'FAILED',
			generation: 0,
			itemCounts: {pending: 0, running: 0, succeeded: 18, failed: 2, skipped: 0, total: 20},
			completionReason: 'ALL_COMPLETED',
			topErrors: [{code: 'FETCH_FAILED', count: 2}],
			links: {self: `/runs/${runId}`, items: `/runs/${runId}/items`, redrive: `/runs/${runId}/redrive`},
		});
	});

	it('answers 304 while the run stands as it did, and another ETag when it does not', async () => {
		const world = openApiWorld();
		const {runId} = await world.plan(itemsOf(3));
		const etag = (await world.get(`/runs/${runId}`)).headers.get('etag') ?? '';
		expect(etag).toMatch(/^"[0-9a-f]{32}"$/u);
		for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
			const response = await world.get(`/runs/${runId}`, {'if-none-match': known});
			expect([response.status, response.headers.get('etag'), await response.text()]).toEqual([304, etag, '']);
		}
		await world.post(`/runs/${runId}/pause`);
		const response = await world.get(`/runs/${runId}`, {'if-none-match': etag});
		expect([response.status, response.headers.get('etag') === etag]).toEqual([200, false]);
	});

	it('puts the stage of the gateway before its links', async () => {
		const world = openApiWorld({}, {basePath: '/dev'});
		const {runId} = await world.plan(itemsOf(3));
		expect(await (await world.get(`/runs/${runId}`)).json()).toMatchObject({links: {pause: `/dev/runs/${runId}/pause`}});
		expect((await world.post(`/runs/${runId}/pause`)).headers.get('location')).toBe(`/dev/runs/${runId}`);
	});
});

describe('GET /runs/{id}/items', () => {
	it('gives every row once, in the order of the manifest, page by page', async () => {
		const world = openApiWorld();
		const {runId} = await world.plan(itemsOf(25));
		await world.work(runId, failing(3, 11), {lanes: {attempts: 1}});
		for (const limit of [1, 4, 24, 25, 26]) {
			const pages = await readPages(world, `/runs/${runId}/items?limit=${limit}`);
			expect(pages.map(page => page.items.length)).toEqual(
				Array.from({length: Math.ceil(25 / limit)}, (_, page) => Math.min(limit, 25 - page * limit)),
			);
			expect(pages.flatMap(page => page.items.map(({n}) => n))).toEqual(Array.from({length: 25}, (_, n) => n));
		}
	});

	it.each([
		['succeeded', 18],
		['failed', 2],
		['skipped', 0],
		['pending', 0],
	])('gives only those that %s', async (status, count) => {
		const world = openApiWorld();
		const runId = await states.FAILED(world);
		const found = await readPage(world, `/runs/${runId}/items?status=${status}`);
		expect(found.items.length).toBe(count);
		expect(found.items.every(row => row.status === status)).toBe(true);
		expect(found.cursor).toBeUndefined();
	});

	it('gives the items of a run that goes on as pending', async () => {
		const world = openApiWorld();
		const runId = await states['PAUSED by an interrupt'](world);
		const pages = await readPages(world, `/runs/${runId}/items?limit=7`);
		expect(pages.flatMap(page => page.items).length).toBe(20);
		expect((await readPage(world, `/runs/${runId}/items?status=pending`)).items.length).toBe(17);
	});

	it('ends a page of large rows before its limit', async () => {
		const world = openApiWorld();
		const {runId} = await world.plan(itemsOf(5));
		await world.work(runId, {fetch: async () => 'x'.repeat(400_000)});
		expect((await readPages(world, `/runs/${runId}/items?limit=1000`)).map(page => page.items.length)).toEqual([2, 2, 1]);
	});
});

describe('queries', () => {
	it.each([
		'/runs?limit=0',
		'/runs?limit=101',
		'/runs?limit=1.5',
		'/runs?limit=',
		'/runs?limit=1&limit=2',
		'/runs?cursor=',
		'/runs?cursor=!',
		'/runs?cursor=Li4vLi4',
		'/runs?status=failed',
		'/runs/RUN/items?status=FAILED',
		'/runs/RUN/items?limit=1001',
		'/runs/RUN/items?cursor=x',
		'/runs/RUN/items?cursor=LTE',
		'/runs/RUN/items?page=2',
	])('that cannot be used are refused: %s', async path => {
		const world = openApiWorld();
		const {runId} = await world.plan(itemsOf(3));
		expect(await readProblem(await world.get(path.replace('RUN', runId)))).toMatchObject({http: 400, code: 'QUERY_INVALID'});
	});
});

describe('requests that go wrong', () => {
	it.each(['/', '/runs/', '/run', '/runs/a/b', '/runs/a/items/', '/openapi', '/favicon.ico'])('there is nothing at %s: 404', async path => {
		expect(await readProblem(await openApiWorld().get(path))).toMatchObject({
			http: 404,
			code: 'NOT_FOUND',
			type: 'application/problem+json',
		});
	});

	it.each([
		['PUT', '/runs', 'POST, GET, HEAD'],
		['DELETE', '/runs/a', 'GET, HEAD'],
		['OPTIONS', '/runs', 'POST, GET, HEAD'],
		['POST', '/runs/a/items', 'GET, HEAD'],
		['GET', '/runs/a/cancel', 'POST'],
		['HEAD', '/runs/a/cancel', 'POST'],
		['POST', '/healthz', 'GET, HEAD'],
		['PATCH', '/openapi.json', 'GET, HEAD'],
	])('%s %s: 405, allowed are %s', async (method, path, allow) => {
		const response = await openApiWorld().app.request(path, {method});
		expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
	});

	it.each([
		'{',
		'',
		'{"source":',
		"{'a':1}",
		'undefined',
		'\uFEFF',
		`${'['.repeat(70)}${']'.repeat(70)}`,
		'['.repeat(100_000) + ']'.repeat(100_000),
	])('a body that is not JSON, or none: 400 (%#)', async body => {
		expect(await readProblem(await openApiWorld().post('/runs', body))).toMatchObject({http: 400, code: 'JSON_INVALID'});
	});

	it('a body that is not UTF-8: 400', async () => {
		const {app} = openApiWorld();
		const body = Buffer.from('{"flow":"\xE9"}', 'latin1');
		const response = await app.request('/runs', {method: 'POST', body, headers: {'content-type': 'application/json'}});
		expect(await readProblem(response)).toMatchObject({http: 400, code: 'JSON_INVALID', detail: 'The body is not UTF-8.'});
	});

	it.each([
		[{'content-type': 'text/plain'}, 415],
		[{'content-type': 'application/x-www-form-urlencoded'}, 415],
		[{'content-type': 'application/json; charset=latin1'}, 415],
		[{'content-type': 'application/json', 'content-encoding': 'gzip'}, 415],
		[{'content-type': 'Application/JSON; charset="UTF-8"'}, 202],
	])('a body with %j: %i', async (headers, status) => {
		expect((await openApiWorld().post('/runs', items(), headers)).status).toBe(status);
	});

	it('a body that is too large: 413, said beforehand or not', async () => {
		const {app} = openApiWorld({}, {maxBodyBytes: 100});
		const headers = {'content-type': 'application/json'};
		const body = JSON.stringify(items({url: `https://example.com/${'a'.repeat(100)}`}));
		const announced = await app.request('/runs', {method: 'POST', body, headers: {...headers, 'content-length': String(body.length)}});
		expect(await readProblem(announced)).toMatchObject({http: 413, code: 'BODY_TOO_LARGE', detail: expect.stringMatching(/source\.s3/u)});
		let pulled = 0;
		const endless = new ReadableStream({
			pull(controller) {
				pulled++;
				controller.enqueue(new Uint8Array(60));
			},
		});
		const streamed = new Request('http://localhost/runs', {method: 'POST', body: endless, headers, duplex: 'half'});
		expect((await app.request(streamed)).status).toBe(413);
		expect(pulled).toBeLessThan(5);
		expect((await app.request('/runs', {method: 'POST', body: JSON.stringify(items()), headers})).status).toBe(202);
	});

	it('an action with a body that it does not know: 422', async () => {
		const world = openApiWorld();
		const {runId} = await world.plan(itemsOf(3));
		for (const [action, body] of [
			['pause', {now: true}],
			['cancel', []],
			['resume', {limits: {maxBytes: 5}}],
			['resume', {flow: 'words'}],
			['redrive', {only: []}],
			['redrive', {only: 'NO'}],
		] as const) {
			expect(await readProblem(await world.post(`/runs/${runId}/${action}`, body))).toMatchObject({http: 422, code: 'REQUEST_INVALID'});
		}
		expect((await world.post(`/runs/${runId}/pause`, {})).status).toBe(202);
	});
});

describe('when the store fails', () => {
	const broken = (error: unknown) => {
		const before = ({op}: StoreStep): void => {
			if (op === 'list') throw error;
		};
		return openApiWorld({before});
	};

	it.each([
		[new TwolaneError('STORE_THROTTLED', 'slow down: secret'), 429, 'THROTTLED'],
		[new TwolaneError('STORE_FAILED', 'gone: secret'), 503, 'UNAVAILABLE'],
	])('%s is %i, with Retry-After', async (error, status, code) => {
		const world = broken(error);
		const response = await world.get('/runs');
		expect(response.headers.get('retry-after')).toMatch(/^\d+$/u);
		const text = await response.text();
		expect(JSON.parse(text)).toMatchObject({status, code});
		expect(text).not.toContain('secret');
		expect(world.failures).toEqual([]);
	});

	it.each([new Error('a bug, secret'), new TwolaneError('STORE_DENIED', 'secret'), 'secret', undefined])(
		'%s is 500 with the number of the request, and is told to whoever runs the API alone',
		async error => {
			const world = broken(error);
			const response = await world.get('/runs');
			const text = await response.text();
			expect(text).not.toMatch(/secret|\bat .*:\d+/u);
			expect(response.status).toBe(500);
			expect(response.headers.get('content-type')).toBe('application/problem+json');
			const {code, requestId} = JSON.parse(text) as {readonly code: string; readonly requestId: string};
			expect(code).toBe('INTERNAL');
			expect(world.failures.map(failure => failure.requestId)).toEqual([requestId]);
		},
	);
});

describe('GET /healthz', () => {
	it('looks at nothing', async () => {
		const world = openApiWorld({
			before: () => {
				throw new Error('nobody should look');
			},
		});
		expect(await (await world.get('/healthz')).json()).toEqual({status: 'ok'});
		expect((await world.app.request('/healthz', {method: 'HEAD'})).status).toBe(200);
	});
});
