import {describe, expect, test} from 'vitest';
import type {Canvas} from '../../../src/cli/demo/canvas.ts';
import {createNoise} from '../../../src/cli/demo/noise.ts';
import {paintScene} from '../../../src/cli/demo/scene.ts';

const noise = createNoise(1);
const paint = (k: number): Canvas => paintScene({k, width: 48, height: 36, noise});

/** Root mean square of the difference, in levels of 255. */
function difference(one: Canvas, other: Canvas): number {
	const sum = one.pixels.reduce((total, level, at) => total + (Math.min(1, level) - Math.min(1, other.pixels[at]!)) ** 2, 0);
	return 255 * Math.sqrt(sum / one.pixels.length);
}

describe('paintScene', () => {
	test('paints the same picture for the same number', () => {
		expect(paint(3).pixels).toEqual(paint(3).pixels);
	});

	test('paints 100 pictures of which no two look alike', () => {
		const pictures = Array.from({length: 100}, (_, k) => paint(k));
		const differences = pictures.flatMap((one, k) => pictures.slice(k + 1).map(other => difference(one, other)));
		expect(Math.min(...differences)).toBeGreaterThan(12);
	});

	test('puts unlike pictures side by side', () => {
		const neighbours = Array.from({length: 99}, (_, k) => difference(paint(k), paint(k + 1)));
		expect(Math.min(...neighbours)).toBeGreaterThan(25);
	});

	test('leaves no place of any canvas unpainted, whatever its shape', () => {
		for (const [width, height] of [
			[32, 48],
			[48, 48],
			[64, 36],
		] as const) {
			for (let k = 0; k < 20; k++) {
				const {pixels} = paintScene({k, width, height, noise});
				expect(
					pixels.every(level => level >= 0 && level < 4),
					`picture ${k} at ${width} x ${height}`,
				).toBe(true);
				const isBlack = Array.from({length: width * height}, (_, at) => pixels.subarray(at * 3, at * 3 + 3).every(level => level === 0));
				expect(isBlack.filter(Boolean).length, `picture ${k} at ${width} x ${height}`).toBe(0);
			}
		}
	});
});
