import {describe, expect, it} from 'vitest';
import {thumbHashToApproximateAspectRatio, thumbHashToAverageRGBA, thumbHashToRGBA} from 'thumbhash';
import {hashPixels} from '../../../src/flows/thumbnail/placeholder.ts';
import {blue, differ, green, make, plain, quadrants, red, yellow} from './pictures.ts';
import type {Rgb} from './pictures.ts';

const decode = (hash: string): Uint8Array => new Uint8Array(Buffer.from(hash, 'base64'));
const averageOf = (hash: string): readonly number[] => {
	const {r, g, b, a} = thumbHashToAverageRGBA(decode(hash));
	return [r, g, b, a].map(share => share * 255);
};

describe('the thumbhash', () => {
	it.each([red, green, blue, yellow])('of one colour decodes to it', async (...colour: Rgb) => {
		const {thumbhash} = await make(await plain(300, 200, colour).png().toBuffer());
		expect(differ(averageOf(thumbhash), [...colour, 255])).toBeLessThan(10);
	});

	it('shows which colour is where', async () => {
		const {thumbhash} = await make(await quadrants(300, 300).png().toBuffer());
		const {w, h, rgba} = thumbHashToRGBA(decode(thumbhash));
		const at = (x: number, y: number) => [...rgba.subarray((Math.floor(y * h) * w + Math.floor(x * w)) * 4)].slice(0, 3);
		// Seven frequencies blur the borders and bend the colours; the nearest of the four is still the right one.
		const nearest = (pixel: readonly number[]) =>
			[red, green, blue, yellow].toSorted((one, other) => differ(pixel, one) - differ(pixel, other))[0];
		expect([at(0.2, 0.2), at(0.8, 0.2), at(0.2, 0.8), at(0.8, 0.8)].map(nearest)).toEqual([red, green, blue, yellow]);
	});

	it('keeps the proportions of the whole picture, whatever the sizes crop', async () => {
		const bytes = await quadrants(400, 200).png().toBuffer();
		const {thumbhash} = await make(bytes, {sizes: [{width: 64, fit: 'cover'}]});
		expect(thumbHashToApproximateAspectRatio(decode(thumbhash))).toBeCloseTo(2, 0);
	});

	it('weights colours by their opacity', () => {
		// Left half opaque red, right half invisible green: ThumbHash averages what can be seen.
		const data = Uint8Array.from({length: 64 * 64 * 4}, (_, index) => {
			const isLeft = Math.floor(index / 4) % 64 < 32;
			return (isLeft ? [200, 0, 0, 255] : [0, 200, 0, 0])[index % 4] ?? 0;
		});
		const [r = 0, g = 0, b = 0, a = 0] = averageOf(hashPixels({data, raw: {width: 64, height: 64, channels: 4}}));
		expect(differ([r, g, b], [200, 0, 0])).toBeLessThan(12);
		expect(differ([a], [127])).toBeLessThan(12);
	});

	it.each([
		[1, 1],
		[1, 300],
		[300, 1],
		[5, 7],
		[25, 24],
		[4000, 3],
	])('is made of %i x %i pixels', (width, height) => {
		const data = new Uint8Array(width * height * 3).fill(128);
		expect(differ(averageOf(hashPixels({data, raw: {width, height, channels: 3}})), [128, 128, 128, 255])).toBeLessThan(6);
	});

	it('is nothing but transparent for a picture that cannot be seen', () => {
		const data = new Uint8Array(32 * 32 * 4);
		expect(averageOf(hashPixels({data, raw: {width: 32, height: 32, channels: 4}}))[3]).toBe(0);
	});
});
