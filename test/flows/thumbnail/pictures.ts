import {crc32, deflateSync} from 'node:zlib';
import sharp from 'sharp';
import {thumbnailOptions} from '../../../src/flows/thumbnail/options.ts';
import type {Thumbnails} from '../../../src/flows/thumbnail/transform.ts';
import makeThumbnails from '../../../src/flows/thumbnail/transform.ts';
import type {Variant} from '../../../src/flows/thumbnail/encode.ts';

export type Rgb = readonly [number, number, number];
export const red: Rgb = [220, 40, 30];
export const green: Rgb = [20, 160, 60];
export const blue: Rgb = [30, 60, 200];
export const yellow: Rgb = [230, 200, 40];

/** One colour all over. */
export const plain = (width: number, height: number, [r, g, b]: Rgb = red) =>
	sharp({create: {width, height, channels: 3, background: {r, g, b}}});

/** Red, green / blue, yellow: tells every turn and mirror apart. `at` says where a visual pixel is kept. */
export function quadrants(width: number, height: number, stored = {width, height}, at = (x: number, y: number) => [x, y] as const) {
	const data = new Uint8Array(width * height * 3);
	for (let y = 0; y < height; y++) {
		for (let x = 0; x < width; x++) {
			const [column, row] = at(x, y);
			data.set(y < height / 2 ? (x < width / 2 ? red : green) : x < width / 2 ? blue : yellow, (row * stored.width + column) * 3);
		}
	}
	return sharp(data, {raw: {...stored, channels: 3}});
}

/** Seeded noise: no two parts alike, and large when compressed. */
export function noise(width: number, height: number, channels: 3 | 4 = 3) {
	let state = 42;
	const data = Uint8Array.from({length: width * height * channels}, () => {
		state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7f_ff_ff_ff;
		return state >>> 16;
	});
	return sharp(data, {raw: {width, height, channels}});
}

/** Runs the stage on this thread, with the options as a caller writes them. */
export const make = (bytes: Uint8Array, options: Parameters<typeof thumbnailOptions.parse>[0] = {}): Promise<Thumbnails> =>
	makeThumbnails(bytes, {options: thumbnailOptions.parse(options)});

export async function makeOne(bytes: Uint8Array, options: Parameters<typeof thumbnailOptions.parse>[0] = {}): Promise<Variant> {
	const [variant] = (await make(bytes, options)).variants;
	if (variant === undefined) throw new Error('no variant was made');
	return variant;
}

/** The numbers in the file, without any colour conversion; `x` and `y` are shares of width and height. */
export async function readPixel({bytes}: {readonly bytes: Uint8Array}, x = 0.5, y = 0.5): Promise<readonly number[]> {
	const {data, info} = await sharp(bytes, {ignoreIcc: true}).raw().toBuffer({resolveWithObject: true});
	const at = (Math.floor(y * info.height) * info.width + Math.floor(x * info.width)) * info.channels;
	return [...data.subarray(at, at + info.channels)];
}

/** The largest difference of two colours in any channel. */
export const differ = (one: readonly number[], other: readonly number[]): number =>
	Math.max(...other.map((value, index) => Math.abs(value - (one[index] ?? Number.NaN))));

function pngChunk(type: string, body: Uint8Array): Uint8Array {
	const chunk = Buffer.alloc(12 + body.length);
	chunk.writeUInt32BE(body.length, 0);
	chunk.write(type, 4, 'latin1');
	chunk.set(body, 8);
	chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + body.length)), 8 + body.length);
	return chunk;
}

/** A few hundred bytes that claim to be a 1-bit picture of this size. */
export function pngBomb(width: number, height: number): Uint8Array {
	const header = Buffer.alloc(13);
	header.writeUInt32BE(width, 0);
	header.writeUInt32BE(height, 4);
	header.set([1, 0, 0, 0, 0], 8);
	const signature = Buffer.from('89504e470d0a1a0a', 'hex');
	const data = deflateSync(Buffer.alloc(100_000));
	return Buffer.concat([signature, pngChunk('IHDR', header), pngChunk('IDAT', data), pngChunk('IEND', new Uint8Array())]);
}
