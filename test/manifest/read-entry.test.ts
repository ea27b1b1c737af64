import {createHash} from 'node:crypto';
import {describe, expect, it, vi} from 'vitest';
import {z} from 'zod';
import {TwolaneError} from '../../src/lanes/errors.ts';
import type {FlowDefinition} from '../../src/lanes/flow.ts';
import {sourceItem} from '../../src/lanes/source.ts';
import {openEntry} from '../../src/manifest/read-entry.ts';

const sha256 = vi.fn((text: string): string => createHash('sha256').update(text).digest('hex'));
const ports = {sha256, resolveFile: (path: string) => `/base/${path}`};
const flowOf = (item: FlowDefinition['item'], id?: (item: never) => string): FlowDefinition => ({
	name: 'test',
	item,
	fetch: async () => undefined,
	...(id && {id: id as (item: unknown) => string}),
});
const open = (item: FlowDefinition['item'], value: unknown, id?: (item: never) => string) => openEntry(flowOf(item, id), value, 3, ports);
const invalid = (message: unknown) => ({code: 'ITEM_INVALID', stage: 'item', retryable: false, message});

describe('openEntry', () => {
	it('numbers, names and checks an item, at once when the schema is synchronous', () => {
		sha256.mockClear();
		expect(open(z.object({id: z.string()}), {id: 'a'})).toEqual({n: 3, id: 'a', item: {id: 'a'}});
		expect(sha256).not.toHaveBeenCalled();
	});
	it('gives a promise when the schema is asynchronous', async () => {
		const schema = z.object({id: z.string()}).refine(async ({id}) => id !== 'bad', 'is bad');
		const good = open(schema, {id: 'a'});
		expect(good).toBeInstanceOf(Promise);
		expect(await good).toEqual({n: 3, id: 'a', item: {id: 'a'}});
		expect(await open(schema, {id: 'bad'})).toMatchObject({id: 'bad', error: invalid('is bad')});
	});
	it('gives the flow what the schema made of the item', () => {
		const schema = z.object({id: z.string(), day: z.coerce.date(), size: z.number().default(256)});
		expect(open(schema, {id: 'a', day: '2026-11-22'})).toMatchObject({item: {day: new Date('2026-11-22'), size: 256}});
	});
	it('takes plain texts and numbers', () => {
		expect(open(z.string(), 'a/b.json', path => path)).toEqual({n: 3, id: 'a/b.json', item: 'a/b.json'});
		expect(open(z.number(), 7)).toEqual({n: 3, id: sha256('7').slice(0, 32), item: 7});
	});
});

describe('a source', () => {
	it('shows no query, user info or fragment in id and source, while the item keeps them', () => {
		const url = 'https://u:p@example.com/a.jpg?sig=secret#x';
		const described = `https://example.com/a.jpg?${sha256('sig=secret').slice(0, 16)}`;
		expect(open(sourceItem, {url})).toEqual({n: 3, id: described, source: described, item: {url}});
	});
	it('that is a file reaches the flow as an absolute path and the record as it was written', () => {
		expect(open(sourceItem, {file: 'c.jpg'})).toEqual({n: 3, id: 'c.jpg', source: 'c.jpg', item: {file: '/base/c.jpg'}});
		expect(open(sourceItem, {id: 'x', s3: 's3://b/k', versionId: 'v'})).toMatchObject({
			id: 'x',
			source: expect.stringMatching(/^s3:\/\/b\/k\?[0-9a-f]{16}$/u),
		});
	});
	it('is not guessed when a row of another shape has two places', () => {
		const schema = z.object({url: z.string(), file: z.string()});
		const entry = open(schema, {url: 'https://h/a', file: 'to.jpg'});
		expect(entry).toEqual({n: 3, id: expect.stringMatching(/^[0-9a-f]{32}$/u), item: {url: 'https://h/a', file: 'to.jpg'}});
	});
	it('that may not be read here is the error that its port throws', () => {
		const resolveFile = (): never => {
			throw new TwolaneError('FILE_DENIED', 'no files here');
		};
		expect(openEntry(flowOf(sourceItem), {file: 'a'}, 0, {sha256, resolveFile})).toEqual({
			n: 0,
			id: 'item-0',
			item: {file: 'a'},
			error: {code: 'FILE_DENIED', stage: 'item', retryable: false, message: 'no files here'},
		});
	});
	it('lets other errors of a port through', () => {
		const resolveFile = (): never => {
			throw new RangeError('a bug');
		};
		expect(() => openEntry(flowOf(sourceItem), {file: 'a'}, 0, {sha256, resolveFile})).toThrow(RangeError);
	});
});

describe('meta', () => {
	it('takes the keys that the schema does not know, the explicit ones first', () => {
		const row = {id: 'a', url: 'https://h/a', team: 'x', note: 1, meta: {team: 'y', more: [1]}};
		expect(open(sourceItem, row)).toMatchObject({meta: {team: 'y', note: 1, more: [1]}, item: {id: 'a', url: 'https://h/a'}});
	});
	it('never takes the id or a source that the schema dropped', () => {
		expect(open(z.object({key: z.string()}), {id: 'a', url: 'https://h/?secret', key: 'k', x: 1})).toEqual({
			n: 3,
			id: 'a',
			source: `https://h/?${sha256('secret').slice(0, 16)}`,
			meta: {x: 1},
			item: {key: 'k'},
		});
	});
	it('is absent when there is none', () => {
		expect(open(sourceItem, {url: 'https://h/a', meta: null})).not.toHaveProperty('meta');
		expect(open(z.looseObject({}), {id: 'a', x: 1})).toEqual({n: 3, id: 'a', item: {id: 'a', x: 1}});
	});
	it('is no part of what the schema sees, so a strict one takes it', () => {
		expect(open(z.strictObject({id: z.string()}), {id: 'a', meta: {x: 1}})).toEqual({n: 3, id: 'a', item: {id: 'a'}, meta: {x: 1}});
	});
	it('keeps keys named like those of every object, without touching a prototype', () => {
		const row: unknown = JSON.parse('{"id":"a","__proto__":{"p":1},"constructor":2}');
		const entry = open(z.object({id: z.string()}), row);
		const {meta = {}} = entry as {meta?: object};
		expect(Object.getPrototypeOf(meta)).toBe(Object.prototype);
		expect(Object.entries(meta)).toEqual([
			['__proto__', {p: 1}],
			['constructor', 2],
		]);
	});
	it('is left alone when the schema makes something else of the item', () => {
		expect(
			open(
				z.object({id: z.string(), path: z.string()}).transform(({path}) => path),
				{id: 'a', path: 'p'},
			),
		).toEqual({n: 3, id: 'a', item: 'p'});
	});
	it('that is no object refuses the item', () => {
		expect(open(sourceItem, {url: 'https://h/a', meta: 'x'})).toMatchObject({
			error: invalid('meta: expected an object, such as {"team": "x"}'),
		});
	});
});

describe('a refused item', () => {
	it('says which path and why, and keeps its own id', () => {
		const schema = z.object({id: z.string(), to: z.array(z.object({w: z.number()}))});
		const value = {id: 'a', to: [{w: 'x'}]};
		expect(open(schema, value)).toEqual({
			n: 3,
			id: 'a',
			item: value,
			error: invalid('to.0.w: Invalid input: expected number, received string'),
		});
	});
	it('is named by its number when it has no id, or one that cannot be', () => {
		expect(open(sourceItem, {uri: 'x'})).toMatchObject({id: 'item-3', error: invalid('expected one of url, s3 or file, got uri')});
		expect(open(z.object({id: z.string()}), {id: 'a\u0000'})).toMatchObject({
			id: 'item-3',
			error: invalid(expect.stringContaining('control character')),
		});
	});
	it('shows no query of a URL in its message', () => {
		const schema = z.object({url: z.string().refine(() => false, {error: issue => `bad ${String(issue.input)}`})});
		expect(open(schema, {url: 'https://u:secret@h/a?secret#secret'})).toMatchObject({error: invalid('url: bad https://h/a')});
		expect(JSON.stringify((open(sourceItem, 'https://h/?secret') as {error?: unknown}).error)).not.toContain('secret');
	});
	it('names three problems and counts the others', () => {
		const schema = z.object({a: z.string(), b: z.string(), c: z.string(), d: z.string(), e: z.string()});
		const {error} = open(schema, {}) as {error?: {message: string}};
		expect(error?.message.split('; ')).toHaveLength(4);
		expect(error?.message).toMatch(/^a: .*; and 2 more$/u);
	});
	it('is one whose schema, or whose flow’s id, throws', async () => {
		const boom = (): never => {
			throw new Error('boom');
		};
		const thrower: FlowDefinition['item'] = {'~standard': {version: 1, vendor: 'test', validate: boom}};
		const rejecter: FlowDefinition['item'] = {'~standard': {version: 1, vendor: 'test', validate: async () => boom()}};
		for (const schema of [thrower, rejecter, z.any().transform(boom)]) {
			expect(await open(schema, {id: 'a'})).toEqual({n: 3, id: 'a', item: {id: 'a'}, error: invalid("the flow's schema threw: boom")});
		}
		expect(open(z.any(), {id: 'a'}, boom)).toMatchObject({id: 'a', error: invalid('no id could be made of the item: boom')});
	});
	it('is one that has no id and that JSON cannot write to make one', () => {
		expect(open(z.any(), {big: 1n})).toMatchObject({
			id: 'item-3',
			error: invalid(expect.stringMatching(/^no id could be made of the item: .*BigInt/u)),
		});
	});
});
