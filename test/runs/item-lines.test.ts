import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {writeItemLine} from '../../src/manifest/item-line.ts';
import {createIndexer} from '../../src/runs/items-index.ts';
import {ordinalOf, pendingRowOf, readItemLines} from '../../src/runs/item-lines.ts';
import {readLines} from '../../src/runs/lines.ts';
import {memoryObjects} from '../support/memory-objects.ts';
import {flat} from './ledger.ts';

describe('ordinalOf', () => {
	it.each([
		['{"n":0,"id":"a"}', 0],
		['{"n":12}', 12],
		[`{"n":${Number.MAX_SAFE_INTEGER},"id":"a"}`, Number.MAX_SAFE_INTEGER],
	])('of %s is %i', (line, n) => {
		expect(ordinalOf(line)).toBe(n);
	});

	it.each(['', '{"id":"a","n":1}', '{"n":-1}', '{"n":1.5}', '{"n":12', '{"n":99999999999999999,"id":"a"}', ' {"n":1}'])(
		'refuses %j',
		line => {
			expect(() => ordinalOf(line)).toThrow(expect.objectContaining({code: 'STATE_INVALID'}));
		},
	);
});

describe('pendingRowOf', () => {
	it('finds the id of any line that the planner writes, without the rest', () => {
		fc.assert(
			fc.property(fc.nat(), fc.string({unit: 'binary', minLength: 1}), fc.jsonValue(), (n, id, raw) => {
				const line = writeItemLine({entry: {n, id, item: raw}, raw});
				expect(pendingRowOf(line)).toEqual({n, id: (JSON.parse(line) as {id: string}).id, status: 'pending'});
			}),
			{
				examples: [
					[1, '\\', null],
					[1, 'a"b\\"', {id: 'x'}],
					[1, '\u2028\n\t', []],
					[1, '","id":"', 'x'],
				],
			},
		);
	});

	it.each(['{"n":1,"item":{"id":"a"}}', '{"n":1,"id":7}', '{"n":1,"id":"cut of'])(
		'refuses %j, whose id is not where the planner writes it',
		line => {
			expect(() => pendingRowOf(line)).toThrow(
				expect.objectContaining({code: 'STATE_INVALID', message: expect.stringContaining('item 1')}),
			);
		},
	);
});

describe('the lines of a shard', () => {
	const lines = ['{"n":0,"id":"ä"}', '{"n":1,"id":"b"}', '{"n":2,"id":"c"}'];

	async function open(body: string) {
		const state = memoryObjects();
		await state.create('runs/a/0/items-x.jsonl', body);
		return state;
	}
	const shard = {shard: 0, items: '0/items-x.jsonl', start: 18, end: 52, count: 2, repeats: 0};

	it('are those of its bytes', async () => {
		const state = await open(lines.map(line => `${line}\n`).join(''));
		expect(await flat(readItemLines(state, {runId: 'a', shard}))).toEqual(lines.slice(1));
	});

	it('must be as many as planned', async () => {
		const state = await open(`${lines[0]}\n${lines[1]}\n`);
		await expect(flat(readItemLines(state, {runId: 'a', shard}))).rejects.toMatchObject({
			code: 'STATE_INVALID',
			message: 'memory:/runs/a/0/items-x.jsonl was cut off or changed: 1 items instead of 2 from byte 18 on.',
		});
	});
});

describe('createIndexer', () => {
	it('knows where every tenth line begins, in bytes, and where the file ends', () => {
		const indexer = createIndexer();
		const texts = Array.from({length: 25}, (_, n) => indexer.add(`ä${n}`));
		const bytesBefore = (count: number): number => Buffer.byteLength(texts.slice(0, count).join(''));
		expect(indexer.finish('x')).toEqual({
			items: 'x',
			total: 25,
			offsets: [0, bytesBefore(10), bytesBefore(20), bytesBefore(25)],
			repeatsBefore: [0, 0, 0, 0],
		});
	});
});

describe('readLines', () => {
	it('joins what chunks have cut, also inside of a character', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.array(
					fc.string({unit: 'grapheme'}).map(text => text.replaceAll('\n', '')),
					{maxLength: 20},
				),
				fc.integer({min: 1, max: 9}),
				async (texts, size) => {
					const bytes = Buffer.from(texts.map(text => `${text}\n`).join(''));
					const chunks = (async function* () {
						for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
					})();
					expect(await flat(readLines(chunks))).toEqual(texts);
				},
			),
			{examples: [[['a\u2028b', '', 'ü\r'], 1]]},
		);
	});

	it('takes what stands after the last line end as a line', async () => {
		const chunks = (async function* () {
			yield Buffer.from('a\nb');
		})();
		expect(await flat(readLines(chunks))).toEqual(['a', 'b']);
	});
});
