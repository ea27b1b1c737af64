import type {Canvas} from './canvas.ts';
import {createRandom} from './random.ts';

/** Eight-bit RGB as sharp takes it. */
export interface Print {
	readonly data: Uint8ClampedArray;
	readonly width: number;
	readonly height: number;
}

interface Development {
	/** The size of the upright picture; it is enlarged to it. */
	readonly width: number;
	readonly height: number;
	/** 1 to 8, as in EXIF: pixels are stored so that applying the tag gives the upright picture. */
	readonly orientation: number;
	/** How strong the film's grain is, in levels of 255. */
	readonly grain: number;
	readonly seed: number;
}

/** Enlarges the canvas, adds grain and stores it the way the camera was held, all in one pass. */
export function develop(canvas: Canvas, {width, height, orientation, grain, seed}: Development): Print {
	const print = turn({width, height, orientation});
	const data = new Uint8ClampedArray(width * height * 3);
	const columns = resample(canvas.width, width);
	const rows = resample(canvas.height, height);
	const grains = createGrains({strength: grain, count: GRAINS + width, seed});
	const random = createRandom(seed);
	const line = new Int32Array((canvas.width + 1) * 3);
	for (let row = 0; row < height; row++) {
		blendRows(canvas, line, {upper: rows.index[row]!, down: rows.share[row]! / UNIT});
		const exposure = {line, columns, grains, firstGrain: random.index(GRAINS), start: print.start + row * print.perRow};
		exposeLine(data, exposure, print.perColumn);
	}
	return {data, width: print.width, height: print.height};
}

/** Fixed point: whole numbers with 8 binary places make this loop twice as fast as fractions do. */
const UNIT = 256;

/** Fills the line from between two rows of the canvas, its last pixel twice, so that every pixel has one to its right. */
function blendRows({pixels, width, height}: Canvas, line: Int32Array, {upper, down}: {upper: number; down: number}): void {
	const above = upper * width * 3;
	const below = Math.min(upper + 1, height - 1) * width * 3;
	for (let at = 0; at < width * 3; at++) {
		const upperLevel = pixels[above + at]!;
		line[at] = (upperLevel + (pixels[below + at]! - upperLevel) * down) * 255 * UNIT;
	}
	line.copyWithin(width * 3, width * 3 - 3);
}

interface Exposure {
	readonly line: Int32Array;
	readonly columns: Samples;
	readonly grains: Int32Array;
	readonly firstGrain: number;
	readonly start: number;
}

function exposeLine(data: Uint8ClampedArray, {line, columns: {index, share}, grains, firstGrain, start}: Exposure, step: number): void {
	let to = start;
	for (let column = 0; column < index.length; column++) {
		const from = index[column]! * 3;
		const right = share[column]!;
		const grain = grains[firstGrain + column]!;
		const red = line[from]!;
		const green = line[from + 1]!;
		const blue = line[from + 2]!;
		data[to] = (red + (((line[from + 3]! - red) * right) >> 8) + grain) >> 8;
		data[to + 1] = (green + (((line[from + 4]! - green) * right) >> 8) + grain) >> 8;
		data[to + 2] = (blue + (((line[from + 5]! - blue) * right) >> 8) + grain) >> 8;
		to += step;
	}
}

interface Samples {
	readonly index: Int32Array;
	/** In 1/256. */
	readonly share: Int32Array;
}

/** For each place in `to` steps, which of the `from` it lies after, and how far. */
function resample(from: number, to: number): Samples {
	const index = new Int32Array(to);
	const share = new Int32Array(to);
	for (let place = 0; place < to; place++) {
		const at = Math.max(0, ((place + 0.5) * from) / to - 0.5);
		index[place] = at;
		share[place] = (at % 1) * UNIT;
	}
	return {index, share};
}

/** Every row starts elsewhere in one run of grains. */
const GRAINS = 1 << 15;

/** Gaussian by the sum of four; half a level on top rounds. */
function createGrains({strength, count, seed}: {strength: number; count: number; seed: number}): Int32Array {
	const random = createRandom(seed);
	const grains = new Int32Array(count);
	for (let at = 0; at < count; at++) {
		let sum = 0;
		for (let part = 0; part < 4; part++) sum += random.between(-0.87, 0.87);
		grains[at] = (sum * strength + 0.5) * UNIT;
	}
	return grains;
}

interface Turned {
	readonly width: number;
	readonly height: number;
	/** Where in the stored bytes the upright picture's first pixel, next pixel and next row are. */
	readonly start: number;
	readonly perColumn: number;
	readonly perRow: number;
}

/** EXIF numbers the eight ways to hold a camera by which stored edge is the picture's top and left one. */
function turn({width, height, orientation}: {width: number; height: number; orientation: number}): Turned {
	const isSideways = orientation >= 5;
	const stored = isSideways ? {width: height, height: width} : {width, height};
	const row = stored.width * 3;
	const [lastColumn, lastRow] = [row - 3, (stored.height - 1) * row];
	const ways: readonly (readonly [start: number, perColumn: number, perRow: number])[] = [
		[0, 3, row],
		[lastColumn, -3, row],
		[lastRow + lastColumn, -3, -row],
		[lastRow, 3, -row],
		[0, row, 3],
		[lastRow, -row, 3],
		[lastRow + lastColumn, -row, -3],
		[lastColumn, row, -3],
	];
	const way = ways[orientation - 1];
	if (!way) throw new RangeError(`orientation must be 1 to 8, got ${orientation}.`);
	const [start, perColumn, perRow] = way;
	return {...stored, start, perColumn, perRow};
}
