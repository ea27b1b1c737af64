import fc from 'fast-check';
import sharp from 'sharp';
import {describe, expect, it} from 'vitest';
import {readJpegExtent} from '../../../src/flows/thumbnail/jpeg-header.ts';
import {plain} from './pictures.ts';

const picture = (orientation?: number) => {
	const image = plain(30, 20);
	return (orientation === undefined ? image : image.withMetadata({orientation})).jpeg().toBuffer();
};

/** Puts a segment right after the start of the image. */
function insert(jpeg: Uint8Array, marker: number, body: Uint8Array): Buffer {
	const length = body.length + 2;
	return Buffer.concat([jpeg.subarray(0, 2), Uint8Array.of(0xff, marker, length >> 8, length & 255), body, jpeg.subarray(2)]);
}

/** An EXIF block with one entry, in the byte order of Motorola. */
const motorola = (type: number, value: number): Buffer =>
	Buffer.from(`457869660000 4d4d002a00000008 0001 0112000${type}00000001000${value}0000 00000000`.replaceAll(' ', ''), 'hex');

describe('readJpegExtent', () => {
	it('reads the size of a picture without EXIF', async () => {
		expect(readJpegExtent(await picture())).toEqual({width: 30, height: 20});
	});

	it.each([1, 2, 3, 4, 5, 6, 7, 8])('reads the upright size with orientation %i in both byte orders', async orientation => {
		const expected = orientation >= 5 ? {width: 20, height: 30} : {width: 30, height: 20};
		expect(readJpegExtent(await picture(orientation))).toEqual(expected);
		const big = insert(await picture(), 0xe1, motorola(3, orientation));
		expect(readJpegExtent(big)).toEqual(expected);
		expect((await sharp(big).metadata()).autoOrient).toEqual(expected);
	});

	it.each([
		['an orientation of 9', motorola(3, 9)],
		['an orientation of an odd type', motorola(1, 6)],
		['EXIF that ends early', motorola(3, 6).subarray(0, 18)],
		['EXIF of no byte order', Buffer.from('457869660000000000000000', 'hex')],
	])('leaves %s to the codec', async (_, exif) => {
		expect(readJpegExtent(insert(await picture(), 0xe1, exif))).toBeUndefined();
	});

	it('leaves two EXIF blocks and fill bytes to the codec', async () => {
		const jpeg = await picture();
		expect(readJpegExtent(insert(insert(jpeg, 0xe1, motorola(3, 6)), 0xe1, motorola(3, 1)))).toBeUndefined();
		expect(readJpegExtent(Buffer.concat([jpeg.subarray(0, 2), Uint8Array.of(0xff), jpeg.subarray(2)]))).toBeUndefined();
	});

	it('steps over segments that it does not need', async () => {
		expect(readJpegExtent(insert(await picture(6), 0xfe, Buffer.from('a comment')))).toEqual({width: 20, height: 30});
	});

	it('says nothing of what is cut or empty, and always ends', async () => {
		const jpeg = await picture(6);
		for (const end of [0, 1, 2, 3, 4, 20, 60]) expect(readJpegExtent(jpeg.subarray(0, end))).toBeUndefined();
		fc.assert(
			fc.property(fc.uint8Array({maxLength: 200}), bytes => {
				readJpegExtent(Buffer.concat([Uint8Array.of(0xff, 0xd8), bytes]));
			}),
			{seed: 1, numRuns: 300},
		);
	});

	it('agrees with the codec on every damaged header that both can read', async () => {
		const jpeg = await picture(6);
		const change = fc.tuple(fc.nat({max: 250}), fc.nat({max: 255}));
		await fc.assert(
			fc.asyncProperty(fc.array(change, {minLength: 1, maxLength: 3}), async changes => {
				const damaged = Buffer.from(jpeg);
				for (const [at, value] of changes) damaged[at] = value;
				const read = readJpegExtent(damaged);
				const metadata = await sharp(damaged, {limitInputPixels: false})
					.metadata()
					.catch(() => undefined);
				if (read !== undefined && metadata !== undefined) expect(read).toEqual(metadata.autoOrient);
			}),
			{seed: 1, numRuns: 400},
		);
	});
});
