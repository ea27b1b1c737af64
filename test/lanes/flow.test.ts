import {describe, expect, it} from 'vitest';
import {cpu, defineFlow, isSkip, readFlow, skip} from '../../src/lanes/flow.ts';
import {anyItem} from '../support/lane-setup.ts';

const file = new URL('file:///transform.ts');
type Module = {default: (item: unknown) => number};
const fetch = async () => 1;

describe('readFlow', () => {
	it.each([
		['nothing at all', undefined, /^flow: `name`/u],
		['no name', {item: anyItem, fetch}, /^flow: `name`/u],
		['an empty name', {name: '', item: anyItem, fetch}, /`name`/u],
		['a name with a slash', {name: 'a/b', item: anyItem, fetch}, /`name`/u],
		['a name of 65 letters', {name: 'x'.repeat(65), item: anyItem, fetch}, /`name`/u],
		['no schema', {name: 'a', fetch}, /^flow 'a': `item` must be a schema/u],
		['null for a schema', {name: 'a', item: null, fetch}, /^flow 'a': `item` must be a schema/u],
		['an object that is no schema', {name: 'a', item: {}, fetch}, /^flow 'a': `item` must be a schema/u],
		['options that are no schema', {name: 'a', item: anyItem, options: {}, fetch}, /^flow 'a': `options` must be a schema/u],
		['no stage', {name: 'a', item: anyItem}, /^flow 'a': give it a `fetch` stage/u],
		['a store stage alone', {name: 'a', item: anyItem, store: fetch}, /^flow 'a': give it a `fetch` stage/u],
		['a fetch that is no function', {name: 'a', item: anyItem, fetch: 7}, /^flow 'a': `fetch` must be a function/u],
		['a store that is no function', {name: 'a', item: anyItem, fetch, store: {}}, /^flow 'a': `store` must be a function/u],
		['an id that is no function', {name: 'a', item: anyItem, fetch, id: 'x'}, /^flow 'a': `id` must be a function/u],
		['a transform that is a function', {name: 'a', item: anyItem, transform: fetch}, /^flow 'a': `transform` must come from cpu/u],
		['null for a transform', {name: 'a', item: anyItem, transform: null}, /^flow 'a': `transform` must come from cpu/u],
	])('refuses %s and says what is missing', (_, flow, message) => {
		expect(() => readFlow(flow)).toThrow(TypeError);
		expect(() => readFlow(flow)).toThrow(message);
	});

	it('takes a schema that is a function, as arktype has them', () => {
		const schema = Object.assign(() => 1, anyItem);
		expect(readFlow({name: 'a', item: schema, fetch})).toMatchObject({name: 'a'});
	});
});

describe('defineFlow', () => {
	it('freezes a copy, so that a flow cannot change under a run', () => {
		const mine = {name: 'a', item: anyItem, fetch};
		const flow = defineFlow(mine);
		mine.name = 'b';
		expect(flow.name).toBe('a');
		expect(Object.isFrozen(flow)).toBe(true);
	});

	it('takes fetch alone, transform alone, and all three', () => {
		expect(() => defineFlow({name: 'a', item: anyItem, fetch})).not.toThrow();
		expect(() => defineFlow({name: 'a', item: anyItem, transform: cpu<Module>(file)})).not.toThrow();
		expect(() => defineFlow({name: 'a', item: anyItem, fetch, transform: cpu<Module>(file), store: async () => 1})).not.toThrow();
	});
});

describe('cpu', () => {
	it('gives a task 30 seconds when told nothing', () => {
		expect(cpu(file)).toEqual({file, timeoutMs: 30_000});
		expect(cpu(file, {timeoutMs: 5}).timeoutMs).toBe(5);
	});

	it.each(['./transform.ts', new URL('https://example.com/t.js'), new URL('data:text/javascript,1'), undefined])('refuses %s', wrong => {
		expect(() => cpu(wrong as URL)).toThrow(TypeError);
	});

	it.each([0, -1, Number.NaN, '5' as unknown as number, null as unknown as number])('refuses a time limit of %s', timeoutMs => {
		expect(() => cpu(file, {timeoutMs})).toThrow(RangeError);
	});
});

describe('skip', () => {
	it('is told by its shape, because a class does not survive the thread border', () => {
		expect(isSkip(structuredClone(skip('no such customer')))).toBe(true);
	});

	it.each([undefined, null, 'skipped', {}, {skipped: true}, {skipped: 'why', other: 1}, [], new Uint8Array(1)])('is not %j', value => {
		expect(isSkip(value)).toBe(false);
	});
});
