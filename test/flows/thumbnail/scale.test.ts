import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {thumbnailOptions} from '../../../src/flows/thumbnail/options.ts';
import {scaleBase, scalePicture} from '../../../src/flows/thumbnail/scale.ts';

type Wanted = {width: number; height?: number; fit?: 'inside' | 'cover' | 'contain' | 'fill' | 'outside'};
const sizes = (...wanted: Wanted[]) =>
	thumbnailOptions.parse({sizes: wanted.map((size, index) => ({name: `n${index}`, ...size})), maxPixels: 1e9}).sizes;
const picture = (width: number, height: number, wanted: Wanted) => sizes(wanted).map(size => scalePicture({width, height}, size))[0];

describe('scalePicture', () => {
	it.each([
		['inside', {width: 256, height: 171}],
		['contain', {width: 256, height: 171}],
		['outside', {width: 384, height: 256}],
		['cover', {width: 384, height: 256}],
		['fill', {width: 256, height: 256}],
	] as const)('shows 1500 x 1000 in a box of 256 with %s', (fit, expected) => {
		expect(picture(1500, 1000, {width: 256, fit})).toEqual(expected);
	});

	it.each(['inside', 'contain', 'outside', 'cover'] as const)('leaves a smaller picture as it is with %s', fit => {
		expect(picture(30, 20, {width: 256, fit})).toEqual({width: 30, height: 20});
	});

	it('stretches only what shrinks with fill', () => {
		expect(picture(30, 1000, {width: 256, fit: 'fill'})).toEqual({width: 30, height: 256});
	});

	it('keeps at least one pixel of a sliver', () => {
		expect(picture(10_000, 1, {width: 100})).toEqual({width: 100, height: 1});
	});
});

describe('scaleBase', () => {
	it('is the picture itself for one size that keeps the proportions', () => {
		expect(scaleBase({width: 1500, height: 1000}, sizes({width: 256}))).toEqual({width: 256, height: 171});
	});

	it('is large enough on both axes for every size, and never larger than the original', () => {
		const side = fc.integer({min: 1, max: 5000});
		const fit = fc.constantFrom('inside', 'cover', 'contain', 'fill', 'outside');
		const wanted = fc.array(fc.record({width: side, height: side, fit}), {minLength: 1, maxLength: 4});
		fc.assert(
			fc.property(side, side, wanted, (width, height, wanted) => {
				const original = {width, height};
				const list = sizes(...wanted);
				const base = scaleBase(original, list);
				expect(base.width).toBeLessThanOrEqual(width);
				expect(base.height).toBeLessThanOrEqual(height);
				for (const size of list) {
					const part = scalePicture(original, size);
					expect(part.width).toBeLessThanOrEqual(base.width);
					expect(part.height).toBeLessThanOrEqual(base.height);
				}
			}),
			{seed: 1, numRuns: 300},
		);
	});
});
