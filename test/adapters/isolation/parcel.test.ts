import {createSecretKey} from 'node:crypto';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {pack, unpack} from '../../../src/adapters/isolation/parcel.ts';

describe('a parcel', () => {
	it('holds what structuredClone would make of the value', () => {
		const value = fc.anything({
			withBigInt: true,
			withDate: true,
			withMap: true,
			withSet: true,
			withSparseArray: true,
			withTypedArray: true,
			withUnicodeString: true,
		} as fc.ObjectConstraints);
		fc.assert(
			fc.property(value, value => {
				expect(unpack(pack(value))).toEqual(structuredClone(value));
			}),
		);
	});

	it('keeps what is the same the same, and cycles', () => {
		const bytes = new Uint8Array(8);
		const value: Record<string, unknown> = {bytes, half: bytes.subarray(4)};
		value['self'] = value;
		const made = unpack(pack(value)) as {bytes: Uint8Array; half: Uint8Array; self: unknown};
		expect(made.self).toBe(made);
		expect(made.half.buffer).toBe(made.bytes.buffer);
		expect([made.half.byteOffset, made.half.length]).toEqual([4, 4]);
	});

	it.each([
		['a function', () => 1],
		['a symbol', Symbol('s')],
		['a promise', Promise.resolve(1)],
		['shared memory', new SharedArrayBuffer(8)],
		['a blob', new Blob(['x'])],
		['a stream', new ReadableStream()],
		['a port', new MessageChannel().port1],
		['a key', createSecretKey(Buffer.from('key'))],
	])('refuses %s, wherever it lies, as structuredClone refuses what it cannot clone', (_, value) => {
		for (const holder of [value, {value}, [[value]], new Map([[1, {value}]]), new Map([[value, 1]]), new Set([value])]) {
			expect(() => pack(holder)).toThrow(expect.objectContaining({name: 'DataCloneError'}));
		}
	});
});
