import fc from 'fast-check';
import sharp from 'sharp';
import {describe, expect, it} from 'vitest';
import type {TwolaneError} from '../../../src/lanes/errors.ts';
import {codes} from '../../../src/lanes/errors.ts';
import {make, noise, plain, pngBomb} from './pictures.ts';

/** How an image fails: its code and message. */
const fail = async (bytes: Uint8Array, options = {}): Promise<TwolaneError> =>
	make(bytes, options).then(
		() => expect.fail('thumbnails were made'),
		(error: TwolaneError) => error,
	);

const files = {
	jpeg: await noise(96, 64).jpeg().toBuffer(),
	progressive: await noise(96, 64).jpeg({progressive: true}).toBuffer(),
	png: await noise(96, 64).png().toBuffer(),
	interlaced: await noise(96, 64).png({progressive: true}).toBuffer(),
	webp: await noise(96, 64).webp().toBuffer(),
	lossless: await noise(96, 64, 4).webp({lossless: true}).toBuffer(),
	gif: await noise(96, 64).gif().toBuffer(),
	avif: await noise(96, 64).avif({effort: 0}).toBuffer(),
};
const tiff = await plain(16, 16).tiff().toBuffer();
const kinds = Object.keys(files) as (keyof typeof files)[];

describe('a file that ends early', () => {
	it.each(kinds)('is IMAGE_TRUNCATED wherever a %s is cut', async kind => {
		const whole = files[kind];
		for (const share of [0, 0.05, 0.2, 0.5, 0.8, 0.95, 1]) {
			const end = Math.round(40 + (whole.length - 60) * share);
			const {code, message} = await fail(whole.subarray(0, end));
			expect([end, code, message]).toEqual([end, 'IMAGE_TRUNCATED', expect.stringContaining(`${end} bytes`)]);
		}
	});

	it.each(['jpeg', 'webp', 'avif', 'gif'] as const)('is IMAGE_TRUNCATED when only the end of a %s is missing', async kind => {
		expect((await fail(files[kind].subarray(0, -2))).code).toBe('IMAGE_TRUNCATED');
	});

	it('is IMAGE_TRUNCATED when a PNG is cut between two chunks', async () => {
		expect((await fail(files.png.subarray(0, files.png.indexOf('IDAT') - 4))).code).toBe('IMAGE_TRUNCATED');
	});

	it('is good enough when the whole picture is there: a PNG without its end mark, an animation cut after its first frame', async () => {
		const png = await make(files.png.subarray(0, -12));
		expect(png.variants).toHaveLength(1);
		const frames = Buffer.concat(await Promise.all([noise(32, 32), plain(32, 32)].map(frame => frame.raw().toBuffer())));
		const film = await sharp(frames, {raw: {width: 32, height: 64, channels: 3, pageHeight: 32}})
			.gif()
			.toBuffer();
		expect((await make(film.subarray(0, -4))).variants).toHaveLength(1);
	});
});

describe('damage in the middle', () => {
	// WebP is not among them: it carries no checks, and most bits are some picture.
	it.each(['progressive', 'png', 'interlaced', 'gif', 'avif'] as const)('of a %s is IMAGE_CORRUPT', async kind => {
		const damaged = Buffer.from(files[kind]);
		damaged.fill(0xa5, damaged.length >> 1, (damaged.length >> 1) + 400);
		const {code, message, retryable} = await fail(damaged);
		expect([code, retryable]).toEqual(['IMAGE_CORRUPT', false]);
		expect(message.length).toBeLessThan(300);
	});

	it('of a JPEG is IMAGE_CORRUPT', async () => {
		const damaged = Buffer.from(files.jpeg);
		// A marker where entropy-coded data stands.
		damaged.set([0xff, 0xc0, 0xff, 0xd9], damaged.length >> 1);
		expect((await fail(damaged)).code).toBe('IMAGE_CORRUPT');
	});

	it('right after the signature is IMAGE_CORRUPT', async () => {
		for (const kind of ['png', 'avif'] as const) {
			const damaged = Buffer.from(files[kind]);
			damaged.fill(0x20, 24, 60);
			expect((await fail(damaged)).code).toMatch(/^IMAGE_(?:CORRUPT|TRUNCATED)$/u);
		}
	});
});

describe('the cap on pixels', () => {
	it('refuses a PNG of 30,000 x 30,000 in a few hundred bytes by its header', async () => {
		const {code, message} = await fail(pngBomb(30_000, 30_000));
		expect(code).toBe('TOO_MANY_PIXELS');
		expect(message).toContain('30000 x 30000, 900000000 pixels; at most 50000000');
	});

	it('refuses a JPEG that claims 65,500 x 65,500 by its header', async () => {
		const bomb = Buffer.from(files.jpeg);
		const frame = bomb.indexOf(Buffer.from([0xff, 0xc0]));
		bomb.writeUInt16BE(65_500, frame + 5);
		bomb.writeUInt16BE(65_500, frame + 7);
		expect((await fail(bomb)).code).toBe('TOO_MANY_PIXELS');
	});

	it.each(kinds)('takes a %s of exactly maxPixels, and not one pixel more', async kind => {
		expect((await make(files[kind], {maxPixels: 96 * 64})).variants).toHaveLength(1);
		const {code, message} = await fail(files[kind], {maxPixels: 96 * 64 - 1});
		expect([code, message]).toEqual(['TOO_MANY_PIXELS', expect.stringContaining('96 x 64, 6144 pixels; at most 6143')]);
	});
});

describe('what is no image', () => {
	const text = (value: string) => new TextEncoder().encode(value);

	it.each([
		['an empty file', new Uint8Array()],
		['text/html', text('<!doctype html><title>404</title>')],
		['image/svg+xml', text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
		['application/pdf', text('%PDF-1.4\n%âãÏÓ\n')],
		['image/tiff', tiff],
		['bytes that start with 0badc0de', Buffer.from('0badc0de', 'hex')],
	])('is FORMAT_UNSUPPORTED, and the message says: %s', async (found, bytes) => {
		const {code, message} = await fail(bytes);
		expect([code, message]).toEqual(['FORMAT_UNSUPPORTED', expect.stringContaining(`got ${found}`)]);
	});
});

describe('the codec', () => {
	it.each([
		['SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
		['TIFF', tiff],
	])('does not open %s in this process, whoever asks', async (_, bytes) => {
		await expect(sharp(bytes).metadata()).rejects.toThrow('unsupported image format');
	});
});

describe('any bytes', () => {
	const allowed = new Set<string>(Object.keys(codes).filter(code => codes[code as keyof typeof codes].stage === 'transform'));
	const tiny = {sizes: [{width: 8}]};

	async function expectValueOrCode(bytes: Uint8Array): Promise<void> {
		const ended = await make(bytes, tiny).then(
			({variants}) => variants.map(({bytes: made}) => made.length > 0),
			(error: TwolaneError) => [error.name, allowed.has(error.code) ? 'code' : error.code],
		);
		expect([[true], ['TwolaneError', 'code']]).toContainEqual(ended);
	}

	it('end in thumbnails or a code, when they are random', async () => {
		await fc.assert(fc.asyncProperty(fc.uint8Array({maxLength: 600}), expectValueOrCode), {seed: 1, numRuns: 150});
	});

	it('end in thumbnails or a code, when they start like an image', async () => {
		const start = fc.constantFrom(...kinds).map(kind => files[kind].subarray(0, 24));
		const bytes = fc.tuple(start, fc.uint8Array({maxLength: 300})).map(parts => Buffer.concat(parts));
		await fc.assert(fc.asyncProperty(bytes, expectValueOrCode), {seed: 1, numRuns: 150});
	});

	it.each(kinds)('end in thumbnails or a code, when they were a %s', async kind => {
		const whole = files[kind];
		const change = fc.tuple(fc.nat({max: whole.length - 1}), fc.nat({max: 255}));
		const mutation = fc.tuple(fc.array(change, {minLength: 1, maxLength: 8}), fc.integer({min: 1, max: whole.length}));
		const bytes = mutation.map(([changes, end]) => {
			const damaged = Buffer.from(whole);
			for (const [at, value] of changes) damaged[at] = value;
			return damaged.subarray(0, end > whole.length / 2 ? whole.length : end);
		});
		await fc.assert(fc.asyncProperty(bytes, expectValueOrCode), {seed: 1, numRuns: 60});
	});
});
