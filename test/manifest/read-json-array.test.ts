import {describe, expect, it} from 'vitest';
import {readAll, readValues} from './manifest-bytes.ts';

describe('a JSON array', () => {
	it('may hold nested arrays, brackets and quotes in strings, and escapes', async () => {
		const items = [{a: [1, [2, {b: ']'}]], c: '}],"\\'}, ['[', {d: '\\"'}], 'x,y', -1.5, null, true, {'"': '\u2028\n'}];
		for (const space of [0, 1]) expect(await readValues(JSON.stringify(items, null, space), 'l.json')).toEqual(items);
	});
	it('names the line in which each element starts', async () => {
		const rows = await readAll('[\n {"a":1},\n\n {\n  "a":2\n },{"a":3}\n,\n4]\n');
		expect(rows.map(({line}) => line)).toEqual([2, 4, 6, 8]);
	});
	it('goes on after a damaged element', async () => {
		expect(await readAll('[{"a":1},\n{a:2},\n{"a":3} {"a":4},\n{"a":5}]')).toEqual([
			{line: 1, value: {a: 1}},
			{line: 2, problem: "not JSON: Expected property name or '}' in JSON at position 1"},
			{line: 3, problem: 'not JSON: Unexpected non-whitespace character after JSON at position 8'},
			{line: 4, value: {a: 5}},
		]);
	});
	it('names a missing element', async () => {
		const problem = 'not JSON: an element is missing at a comma';
		expect(await readAll('[1,\n,2]')).toEqual([
			{line: 1, value: 1},
			{line: 2, problem},
			{line: 2, value: 2},
		]);
		expect(await readAll('[1,\n]')).toEqual([
			{line: 1, value: 1},
			{line: 2, problem},
		]);
		expect(await readAll('[,]')).toEqual([
			{line: 1, problem},
			{line: 1, problem},
		]);
	});
	it('that is cut off is a problem where the open element starts', async () => {
		const problem = 'not JSON: the array does not end; the file may be cut off here';
		expect(await readAll('[1,\n2,\n{"a":"[')).toEqual([
			{line: 1, value: 1},
			{line: 2, value: 2},
			{line: 3, problem},
		]);
		expect(await readAll('[\n')).toEqual([{line: 2, problem}]);
	});
	it('with text after its end is one problem', async () => {
		expect(await readAll('[1]\n[2]\n[3]\n')).toEqual([
			{line: 1, value: 1},
			{line: 2, problem: 'not JSON: text after the end of the array (JSONL has one item a line, without brackets around them)'},
		]);
	});
	it('makes an element above 1,048,576 characters a problem and takes the next', async () => {
		expect(await readAll(`[1,\n["${'x'.repeat(2_000_000)}"],\n{"a":2}]`)).toEqual([
			{line: 1, value: 1},
			{line: 2, problem: 'the element is longer than 1,048,576 characters'},
			{line: 3, value: {a: 2}},
		]);
	});
	it('takes texts as items that may also mean sources', async () => {
		expect(await readAll('["a.jpg"]')).toEqual([{line: 1, value: 'a.jpg', otherwise: {file: 'a.jpg'}}]);
	});
});
