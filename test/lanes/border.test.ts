import {Readable} from 'node:stream';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {inspectCargo} from '../../src/lanes/border.ts';

const moved = (bytes: Uint8Array<ArrayBuffer>) => {
	structuredClone(bytes, {transfer: [bytes.buffer]});
	return bytes;
};

describe('inspectCargo', () => {
	it.each([
		['a function', () => 1, 'value'],
		['a symbol', Symbol('s'), 'value'],
		['a promise', Promise.resolve(1), 'value'],
		['a weak map', new WeakMap(), 'value'],
		['a function in a field', {a: {b: () => 1}}, 'value.a.b'],
		['a symbol in a list', {pages: [1, {render: Symbol('s')}]}, 'value.pages[1].render'],
		['a function in a map', {map: new Map([['f', () => 1]])}, 'value.map'],
		[
			'a function on a class instance',
			{
				x: Object.assign(
					new (class Point {
						x = 1;
					})(),
					{f: () => 1},
				),
			},
			'value.x',
		],
		['a stream of Node', {body: Readable.from([1])}, 'value.body'],
		['a stream of the web', {body: new ReadableStream()}, 'value.body'],
		['a response', [new Response('x')], 'value[0]'],
		['a view of bytes that were moved away', {bytes: moved(new Uint8Array(8))}, 'value.bytes'],
		['a buffer that was moved away', [moved(new Uint8Array(8)).buffer], 'value[0]'],
		['the first of two', [{ok: 1}, () => 1, Symbol('s')], 'value[1]'],
	])('names where %s lies', (_, value, path) => {
		expect(inspectCargo(value).uncloneable).toBe(path);
		expect(() => structuredClone(value)).toThrow(/cloned|transfer|unsupported/u);
	});

	it.each([
		undefined,
		null,
		1n,
		'text',
		new Date(0),
		/x/u,
		new Map([[1, new Set([2])]]),
		new Error('x'),
		Object.create(null),
		[[[]]],
		{undefined},
		new Uint8Array(3),
		new DataView(new ArrayBuffer(2)),
		new SharedArrayBuffer(4),
	])('lets %s through', value => {
		expect(inspectCargo(value)).not.toHaveProperty('uncloneable');
		expect(() => structuredClone(value)).not.toThrow();
	});

	it('agrees with structured clone about any plain value', () => {
		const leaf = fc.oneof(
			fc.anything({withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true}),
			fc.func(fc.nat()),
		);
		const value = fc.oneof(leaf, fc.array(leaf), fc.dictionary(fc.string(), leaf));
		fc.assert(
			fc.property(value, any => {
				let isCloneable = true;
				try {
					structuredClone(any);
				} catch {
					isCloneable = false;
				}
				expect(inspectCargo(any).uncloneable === undefined).toBe(isCloneable);
			}),
		);
	});

	it('finds buffers that a view covers whole, each once, and leaves parts of larger ones', () => {
		const whole = new Uint8Array(8);
		const part = new Uint8Array(new ArrayBuffer(16), 4, 4);
		expect(inspectCargo({a: whole, b: [whole, new Float64Array(whole.buffer)], part}).buffers).toEqual([whole.buffer]);
	});

	it('finds a bare buffer too', () => {
		const bare = new ArrayBuffer(8);
		expect(inspectCargo({bare}).buffers).toEqual([bare]);
	});

	it('never counts shared memory as something to move', () => {
		expect(inspectCargo(new Uint8Array(new SharedArrayBuffer(8))).buffers).toEqual([]);
	});

	it('looks at a cycle once', () => {
		const loop: {self?: unknown; bytes: Uint8Array} = {bytes: new Uint8Array(2)};
		loop.self = loop;
		expect(inspectCargo(loop)).toEqual({buffers: [loop.bytes.buffer]});
	});

	it('does not run out of stack on a deep value that structured clone takes', () => {
		let deep: unknown = 1;
		for (let level = 0; level < 1000; level++) deep = {deep};
		expect(inspectCargo(deep)).toEqual({buffers: []});
	});
});
