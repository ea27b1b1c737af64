import sharp from 'sharp';
import {describe, expect, test} from 'vitest';
import {createCanvas, draw} from '../../../src/cli/demo/canvas.ts';
import {develop} from '../../../src/cli/demo/develop.ts';

/** Red grows to the right, green downwards, so that every place has a colour of its own. */
function paintChart(width: number, height: number) {
	const canvas = createCanvas(width, height);
	draw(canvas, dot => {
		dot.red = dot.x / canvas.aspect;
		dot.green = dot.y;
		dot.blue = 0.25;
		return 1;
	});
	return canvas;
}

const sizes = {width: 60, height: 40};
const plain = {...sizes, grain: 0, seed: 1};

describe('develop', () => {
	test.each([1, 2, 3, 4, 5, 6, 7, 8])('stores orientation %i so that turning it upright gives the picture', async orientation => {
		const {data, width, height} = develop(paintChart(30, 20), {...plain, orientation});
		const file = await sharp(data, {raw: {width, height, channels: 3}})
			.withMetadata({orientation})
			.png()
			.toBuffer();
		const upright = await sharp(file).autoOrient().removeAlpha().raw().toBuffer({resolveWithObject: true});
		expect(upright.info).toMatchObject(sizes);
		expect(new Uint8Array(upright.data)).toEqual(new Uint8Array(develop(paintChart(30, 20), {...plain, orientation: 1}).data));
	});

	test('refuses an orientation that EXIF does not know', () => {
		expect(() => develop(paintChart(3, 2), {...plain, orientation: 9})).toThrow(RangeError);
	});

	test('enlarges without a jump between neighbouring pixels', () => {
		const {data} = develop(paintChart(30, 20), {...plain, orientation: 1});
		const reds = Array.from({length: sizes.width}, (_, column) => data[column * 3]!);
		const steps = reds.slice(1).map((red, column) => red - reds[column]!);
		expect(Math.min(...steps)).toBeGreaterThanOrEqual(0);
		// 255 levels over 60 pixels: 4.25 each.
		expect(Math.max(...steps)).toBeLessThanOrEqual(5);
	});

	test('adds grain of the strength asked for, around the same mean', () => {
		const canvas = createCanvas(100, 100);
		canvas.pixels.fill(0.5);
		const {data} = develop(canvas, {width: 200, height: 200, orientation: 1, grain: 5, seed: 1});
		const mean = data.reduce((sum, level) => sum + level, 0) / data.length;
		const deviation = Math.sqrt(data.reduce((sum, level) => sum + (level - mean) ** 2, 0) / data.length);
		expect(Math.abs(mean - 127.5)).toBeLessThan(0.5);
		expect(Math.abs(deviation - 5)).toBeLessThan(0.5);
	});
});
