import {describe, expect, test} from 'vitest';
import {DIFFERENT_PHOTOS, planPhoto} from '../../../src/cli/demo/photo.ts';

const first100 = Array.from({length: 100}, (_, n) => planPhoto(n));

const countBy = <Value>(values: readonly Value[]): ReadonlyMap<Value, number> =>
	values.reduce((counts, value) => counts.set(value, (counts.get(value) ?? 0) + 1), new Map<Value, number>());

describe('planPhoto', () => {
	test('mixes the formats of the web: mostly baseline JPEG, some progressive, PNG and WebP', () => {
		const formats = countBy(first100.map(({format, isProgressive}) => (isProgressive ? 'progressive' : format)));
		expect(Object.fromEntries(formats)).toEqual({jpeg: 70, progressive: 15, png: 8, webp: 7});
	});

	test('holds the camera in all eight ways, each at least twice, in JPEGs only', () => {
		const orientations = countBy(first100.map(({orientation}) => orientation));
		expect([...orientations.keys()].toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
		expect(Math.min(...orientations.values())).toBeGreaterThanOrEqual(2);
		expect(first100.filter(({format, orientation}) => format !== 'jpeg' && orientation !== 1)).toEqual([]);
	});

	test('keeps every photo between 1 and 4 megapixels, and uses the range', () => {
		const megapixels = first100.map(({width, height}) => (width * height) / 1e6);
		expect(Math.min(...megapixels)).toBeGreaterThanOrEqual(1);
		expect(Math.max(...megapixels)).toBeLessThanOrEqual(4);
		expect(Math.max(...megapixels)).toBeGreaterThan(3);
	});

	test('gives every photo a name of its own, also where its picture repeats', () => {
		const photos = Array.from({length: DIFFERENT_PHOTOS + 100}, (_, n) => planPhoto(n));
		expect(new Set(photos.map(({name}) => name)).size).toBe(photos.length);
		const {name: _, ...repeated} = planPhoto(DIFFERENT_PHOTOS + 7);
		expect(planPhoto(7)).toMatchObject(repeated);
	});
});
