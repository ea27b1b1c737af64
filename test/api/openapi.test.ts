import {readFile} from 'node:fs/promises';
import {beforeAll, describe, expect, it} from 'vitest';
import type {z} from 'zod';
import {acceptedRun, itemPage, runView} from '../../src/api/answer-schemas.ts';
import {makeOpenApi} from '../../src/api/openapi.ts';
import {problemCodes} from '../../src/api/problems.ts';
import {emptyRequest, redriveRequest, resumeRequest, runRequest} from '../../src/api/request-schemas.ts';
import {flows} from '../../src/wire.ts';
import {openApiWorld} from './api-world.ts';

type Json = Readonly<Record<string, unknown>>;
const isRecord = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

interface Operation {
	readonly operationId: string;
	readonly summary: string;
	readonly parameters?: readonly {readonly name: string; readonly in: string; readonly required: boolean; readonly schema: Json}[];
	readonly requestBody?: {readonly content: Json};
	readonly responses: Readonly<Record<string, {readonly $ref?: string; readonly description?: string; readonly content?: Json}>>;
}
interface Document {
	readonly openapi: string;
	readonly info: {readonly title: string; readonly version: string};
	readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
	readonly components: {readonly schemas: Readonly<Record<string, Json>>; readonly responses: Json};
}

let document: Document;
beforeAll(async () => {
	// A clock that stands still does not wait for a module.
	await flows.thumbnail?.load();
	document = (await (
		await openApiWorld({}, {flows, defaults: {flow: 'thumbnail', engine: 'auto', maxWorkers: 50}}).get('/openapi.json')
	).json()) as Document;
});

const operations = () =>
	Object.entries(document.paths).flatMap(([path, methods]) =>
		Object.entries(methods).map(([method, operation]) => ({path, method, operation})),
	);

/** Every object of the document, with its place. */
function* walk(value: unknown, place = '#'): Generator<{readonly place: string; readonly node: Json}> {
	if (isRecord(value)) yield {place, node: value};
	if (typeof value !== 'object' || value === null) return;
	for (const [key, part] of Object.entries(value)) yield* walk(part, `${place}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);
}

describe('openapi.json', () => {
	it('is the same document each time, and names all that there is', async () => {
		expect(document.openapi).toBe('3.1.0');
		expect(document.info).toMatchObject({title: 'Twolane', version: expect.stringMatching(/./u)});
		expect(JSON.parse(JSON.stringify(await makeOpenApi({flows})))).toEqual(document);
		expect(operations().map(({path, method}) => `${method} ${path}`)).toEqual([
			'post /runs',
			'get /runs',
			'get /runs/{id}',
			'get /runs/{id}/items',
			'post /runs/{id}/cancel',
			'post /runs/{id}/pause',
			'post /runs/{id}/resume',
			'post /runs/{id}/redrive',
			'get /openapi.json',
			'get /healthz',
		]);
	});

	it('has every reference lead somewhere, and every schema named', () => {
		const places = new Set([...walk(document)].map(({place}) => place));
		const references = [...walk(document)].flatMap(({node}) => (typeof node.$ref === 'string' ? [node.$ref] : []));
		expect(references.length).toBeGreaterThan(50);
		expect(references.filter(reference => !places.has(reference))).toEqual([]);
		const used = new Set(references);
		const named = (['schemas', 'responses'] as const).flatMap(part =>
			Object.keys(document.components[part]).map(name => `#/components/${part}/${name}`),
		);
		expect(named.filter(name => !used.has(name))).toEqual([]);
	});

	it('has what OpenAPI 3.1 asks of each operation', () => {
		const ids = operations().map(({operation}) => operation.operationId);
		expect(new Set(ids).size).toBe(ids.length);
		for (const {path, method, operation} of operations()) {
			expect(operation.summary, path).toMatch(/\.$/u);
			const names = [...path.matchAll(/\{(\w+)\}/gu)].map(([, name]) => name);
			const inPath = (operation.parameters ?? []).filter(parameter => parameter.in === 'path');
			expect(inPath.map(({name}) => name)).toEqual(names);
			expect(inPath.every(({required}) => required)).toBe(true);
			for (const parameter of operation.parameters ?? []) {
				expect(['path', 'query', 'header']).toContain(parameter.in);
				expect(isRecord(parameter.schema)).toBe(true);
			}
			expect(operation.requestBody !== undefined, `${method} ${path}`).toBe(method === 'post');
			for (const [status, response] of Object.entries(operation.responses)) {
				expect(status).toMatch(/^[1-5]\d\d$/u);
				expect(response.$ref ?? response.description).toMatch(/./u);
			}
		}
	});

	it('has JSON Schema 2020-12 only: no word of older OpenAPI', () => {
		for (const {place, node} of walk(document.components.schemas)) {
			if (place.includes('/properties') && place.endsWith('/properties')) continue;
			expect(node, place).not.toHaveProperty('nullable');
			expect(typeof node.exclusiveMinimum, place).not.toBe('boolean');
		}
	});

	it('is closed where requests are checked', () => {
		const {RunRequest, ResumeRequest, RedriveRequest, EmptyRequest} = document.components.schemas;
		for (const schema of [RunRequest, ResumeRequest, RedriveRequest, EmptyRequest])
			expect(schema).toMatchObject({additionalProperties: false});
		expect(Object.keys(RunRequest?.properties ?? {})).toEqual([
			'flow',
			'source',
			'options',
			'limits',
			'attempts',
			'toleratedFailureCount',
			'toleratedFailurePercentage',
			'limit',
			'skipInvalid',
			'engine',
			'maxWorkers',
		]);
		expect(JSON.stringify(document)).not.toMatch(/allowOrigin/iu);
	});

	it('describes the options of the thumbnails', () => {
		expect(document.components.schemas['Options-thumbnail']).toMatchObject({
			properties: {sizes: {type: 'array'}, format: {default: 'jpeg'}},
		});
	});

	it('puts the stage of the gateway into the address', async () => {
		expect(await makeOpenApi({flows, basePath: '/dev'})).toMatchObject({servers: [{url: '/dev'}]});
	});

	const schemas: Readonly<Record<string, z.ZodType>> = {
		RunRequest: runRequest,
		ResumeRequest: resumeRequest,
		RedriveRequest: redriveRequest,
		EmptyRequest: emptyRequest,
		AcceptedRun: acceptedRun,
		Run: runView,
		ItemPage: itemPage,
	};

	it('has examples that its own schemas take', () => {
		const found: string[] = [];
		for (const {node} of walk(document.paths)) {
			const {schema, examples} = node as {readonly schema?: Json; readonly examples?: Readonly<Record<string, {readonly value: unknown}>>};
			if (examples === undefined) continue;
			const name = String(schema?.$ref).split('/').at(-1) ?? '';
			found.push(name);
			for (const {value} of Object.values(examples)) expect(schemas[name]?.safeParse(value), name).toMatchObject({success: true});
		}
		expect(new Set(found)).toEqual(new Set(Object.keys(schemas)));
	});

	it('has examples of requests that the API accepts', async () => {
		const content = document.paths['/runs']?.post?.requestBody?.content['application/json'] as {
			readonly examples: Readonly<Record<string, {readonly value: unknown}>>;
		};
		const {examples} = content;
		for (const {value} of Object.values(examples)) {
			const world = openApiWorld({}, {flows, defaults: {flow: 'thumbnail', engine: 'auto', maxWorkers: 50}});
			expect((await world.post('/runs', value)).status).toBe(202);
		}
	});
});

describe('docs/api.md', () => {
	it('has every code of the table with its status, and no other', async () => {
		const text = await readFile(new URL('../../docs/api.md', import.meta.url), 'utf8');
		const told = Object.fromEntries(
			[...text.matchAll(/^\| (\d{3}) \| `([A-Z_]+)` \|/gmu)].map(([, status, code]) => [code, Number(status)]),
		);
		expect(told).toEqual(Object.fromEntries(Object.entries(problemCodes).map(([code, {status}]) => [code, status])));
	});

	it('names every call', async () => {
		const text = await readFile(new URL('../../docs/api.md', import.meta.url), 'utf8');
		for (const {path, method} of operations()) expect(text, path).toContain(`\`${method.toUpperCase()} ${path}\``);
	});
});
