import fc from 'fast-check';
import {beforeAll, describe, expect, it} from 'vitest';
import {problem} from '../../src/api/answer-schemas.ts';
import {itemsOf} from '../runs/ledger.ts';
import {type ApiWorld, openApiWorld} from './api-world.ts';

type Paths = Readonly<Record<string, Readonly<Record<string, {readonly responses: Readonly<Record<string, unknown>>}>>>>;

let paths: Paths;
beforeAll(async () => {
	paths = ((await (await openApiWorld().get('/openapi.json')).json()) as {readonly paths: Paths}).paths;
});

const knownWords = [
	'source',
	'items',
	's3',
	'flow',
	'options',
	'limits',
	'threads',
	'attempts',
	'limit',
	'only',
	'skipInvalid',
	'engine',
	'__proto__',
	'url',
	'file',
	'id',
	'meta',
];
const word = fc.oneof(fc.constantFrom(...knownWords), fc.string({unit: 'binary', maxLength: 8}));
const leaf = fc.oneof(
	fc.constantFrom('auto', 'pictures', 's3://bucket/a', 'https://example.com/a', 1, 0, -1, 1e308, true, null),
	fc.string({unit: 'binary'}),
	fc.double(),
);
const {any} = fc.letrec(tie => ({
	any: fc.oneof({maxDepth: 4}, leaf, fc.array(tie('any'), {maxLength: 4}), fc.dictionary(word, tie('any'), {maxKeys: 5})),
}));
const request = fc.record(
	{
		source: fc.oneof(fc.record({items: fc.array(any, {maxLength: 4})}), fc.record({s3: leaf}), any),
		flow: fc.oneof(fc.constantFrom('pictures', 'words'), any),
		options: any,
		limits: fc.oneof(fc.dictionary(word, leaf), any),
		skipInvalid: fc.oneof(fc.boolean(), any),
		limit: any,
		toleratedFailureCount: leaf,
		toleratedFailurePercentage: leaf,
		maxWorkers: leaf,
		engine: fc.oneof(fc.constantFrom('auto', 'lambda', 'distributed-map'), any),
	},
	{requiredKeys: []},
);
const body = fc.oneof(
	request.map(value => JSON.stringify(value)),
	any.map(value => JSON.stringify(value) ?? ''),
	fc.string({unit: 'binary'}),
	fc.constant(undefined),
);
const path = fc.oneof(
	...['', '/items', '/cancel', '/pause', '/resume', '/redrive'].map(end =>
		fc
			.tuple(fc.oneof(fc.constant('RUN'), fc.string({unit: 'binary'})), fc.constant(end))
			.map(([id, tail]) => `/runs/${encodeURIComponent(id.toWellFormed())}${tail}`),
	),
	fc.constantFrom('/runs', '/openapi.json', '/healthz'),
);
const query = fc.oneof(
	fc.constant(''),
	fc
		.record(
			{
				limit: fc.oneof(fc.nat().map(String), fc.string()),
				cursor: fc.oneof(fc.base64String(), fc.string()),
				status: fc.constantFrom('failed', 'x'),
			},
			{requiredKeys: []},
		)
		.map(given => `?${new URLSearchParams(given).toString()}`),
);
const headerValue = fc.string({unit: fc.constantFrom('a', 'b', '"', '*', ',', '/', ';', ' '), maxLength: 20});
const headers = fc.record(
	{
		'content-type': fc.oneof({weight: 5, arbitrary: fc.constant('application/json')}, {weight: 1, arbitrary: headerValue}),
		'idempotency-key': fc.oneof(fc.constant('k'), headerValue),
		'if-none-match': headerValue,
	},
	{requiredKeys: ['content-type']},
);

/** The statuses that the document says of a request; undocumented methods and addresses have theirs. */
function documentedOf(method: string, pathname: string): readonly string[] {
	const template = pathname.replace(/^\/runs\/[^/]+/u, '/runs/{id}');
	const operations = paths[template];
	if (operations === undefined) return ['404'];
	const operation = operations[method.toLowerCase()];
	return operation ? Object.keys(operation.responses) : ['405'];
}

async function openWithRun(): Promise<{readonly world: ApiWorld; readonly runId: string}> {
	const world = openApiWorld();
	const {runId} = await world.plan(itemsOf(3));
	return {world, runId};
}

describe('whatever is asked', () => {
	it('the answer is one that is documented, never 500, and a problem says what it is', async () => {
		const seen = new Set<number>();
		await fc.assert(
			fc.asyncProperty(
				fc.constantFrom('GET', 'POST', 'POST', 'PUT'),
				path,
				query,
				body,
				headers,
				async (method, place, search, text, given) => {
					const {world, runId} = await openWithRun();
					const pathname = place.replace('RUN', runId);
					const init = {method, headers: given, ...(method !== 'GET' && text !== undefined && {body: Buffer.from(text)})};
					const response = await world.clock.finish(Promise.resolve(world.app.request(pathname + search, init)));
					seen.add(response.status);
					expect(documentedOf(method, pathname)).toContain(String(response.status));
					expect(response.status).toBeLessThan(500);
					expect(world.failures).toEqual([]);
					if (response.status >= 400) expect(problem.safeParse(await response.json())).toMatchObject({success: true});
				},
			),
			{numRuns: 600, seed: 5},
		);
		// It has been where it should be.
		expect([...seen].sort((a, b) => a - b)).toEqual(expect.arrayContaining([200, 202, 400, 404, 405, 409, 415, 422]));
	});
});
