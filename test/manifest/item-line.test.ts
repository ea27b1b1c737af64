import {createHash} from 'node:crypto';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import {TwolaneError} from '../../src/lanes/errors.ts';
import type {FlowDefinition} from '../../src/lanes/flow.ts';
import {sourceItem} from '../../src/lanes/source.ts';
import {parseItemLine, writeItemLine} from '../../src/manifest/item-line.ts';
import {openRow} from '../../src/manifest/read-entry.ts';

const ports = {sha256: (text: string) => createHash('sha256').update(text).digest('hex'), resolveFile: (path: string) => `/base/${path}`};
const flowOf = (item: FlowDefinition['item']): FlowDefinition => ({name: 'test', item, fetch: async () => undefined});

describe('a line of the items file', () => {
	it('is one line of JSON with number, id, item, source and meta', () => {
		const opened = openRow(flowOf(sourceItem), {file: 'a\nb.jpg', id: 'x', team: 't', meta: {k: 1}}, 4, ports);
		if (opened instanceof Promise) throw new Error('the schema is synchronous');
		expect(writeItemLine(opened)).toBe(
			'{"n":4,"id":"x","item":{"file":"/base/a\\nb.jpg","id":"x","team":"t"},"source":"a\\nb.jpg","meta":{"team":"t","k":1}}',
		);
	});
	it('gives the same entry back, with the item as the schema was given it, whatever the row', () => {
		const schema = z.object({
			url: z.string().optional(),
			file: z.string().optional(),
			at: z.coerce.date().default(new Date(0)),
			k: z.any(),
		});
		const rows = fc.record(
			{
				id: fc.stringMatching(/^\w{1,5}$/u),
				url: fc.webUrl({withQueryParameters: true}),
				file: fc.stringMatching(/^\w{1,5}$/u),
				k: fc.jsonValue(),
				x: fc.jsonValue(),
				meta: fc.dictionary(fc.string(), fc.jsonValue()),
			},
			{requiredKeys: []},
		);
		fc.assert(
			fc.property(rows, fc.nat(), (row, n) => {
				const json: unknown = JSON.parse(JSON.stringify(row));
				const opened = openRow(flowOf(schema), json, n, ports);
				if (opened instanceof Promise) throw new Error('the schema is synchronous');
				expect(parseItemLine(writeItemLine(opened), flowOf(schema))).toEqual({...opened.entry, given: opened.raw ?? null});
			}),
		);
	});
	it('gives the entry back without the planner’s note of its place', () => {
		const line = writeItemLine({entry: {n: 1, id: 'a', item: 1}, raw: 1}, {line: 7, manifest: 1, own: true});
		expect(line).toBe('{"n":1,"id":"a","item":1,"at":{"line":7,"manifest":1,"own":true}}');
		expect(parseItemLine(line, flowOf(z.number()))).toEqual({n: 1, id: 'a', item: 1, given: 1});
	});
	it('gives a refused item back without asking the schema', () => {
		const error = {code: 'ITEM_INVALID', stage: 'item', retryable: false, message: 'l:2: bad'} as const;
		const entry = {n: 1, id: 'line-2', item: null, error};
		expect(parseItemLine(writeItemLine({entry, raw: undefined}), flowOf(z.never()))).toEqual({...entry, given: null});
	});
	it('is an item that has failed when the schema takes it no longer', () => {
		expect(parseItemLine('{"n":0,"id":"a","item":"https://h/?secret"}', flowOf(sourceItem))).toMatchObject({
			id: 'a',
			error: {code: 'ITEM_INVALID', stage: 'item', retryable: false, message: expect.not.stringContaining('secret')},
		});
	});
	it('waits for a schema that is asynchronous', async () => {
		const schema = z.string().transform(async text => text.length);
		expect(await parseItemLine('{"n":0,"id":"a","item":"four"}', flowOf(schema))).toEqual({n: 0, id: 'a', item: 4, given: 'four'});
	});
	it.each(['{}', '{"n":0.5,"id":"a","item":1}', '{"n":0,"id":7,"item":1}', '{"n":0,"id":"a"}', '[]', '{"n":0'])(
		'is refused when it is %s',
		line => {
			expect(() => parseItemLine(line, flowOf(z.any()))).toThrow(TwolaneError);
		},
	);
});
