import {isMarkedAsUntransferable} from 'node:worker_threads';
import {Piscina} from 'piscina';
import sharp from 'sharp';
import {describe, expect, it} from 'vitest';
import {thumbnail} from '../../../src/flows/thumbnail/index.ts';
import {thumbnailOptions} from '../../../src/flows/thumbnail/options.ts';
import type {Thumbnails} from '../../../src/flows/thumbnail/transform.ts';
import {TwolaneError} from '../../../src/lanes/errors.ts';
import {readFlow} from '../../../src/lanes/flow.ts';
import type {Context} from '../../../src/lanes/flow.ts';
import {make, noise} from './pictures.ts';

const sizes = [{width: 64}, {name: 'square', width: 32, height: 32, fit: 'cover'}] as const;
const options = thumbnailOptions.parse({sizes, format: 'webp'});

/** A context that keeps what is put, or fails at one name. */
function collect(failAt?: string) {
	const files = new Map<string, {readonly body: Uint8Array | string; readonly contentType?: string}>();
	const context: Context = {
		id: 'a',
		item: {},
		options,
		attempt: 1,
		signal: AbortSignal.timeout(10_000),
		read: async source => new TextEncoder().encode(JSON.stringify(source)),
		put: async (name, body, label) => {
			if (name === failAt) throw new TwolaneError('STORE_FULL', `no space for ${name}`);
			files.set(name, {body, ...label});
			return {name, key: name, bytes: body.length, sha256: ''};
		},
	};
	return {files, context};
}

describe('the thumbnail flow', () => {
	const flow = readFlow(thumbnail);

	it('fetches by reading the item’s source', async () => {
		const fetched = await flow.fetch?.({url: 'https://a.example/1.jpg'}, collect().context);
		expect(new TextDecoder().decode(fetched as Uint8Array)).toBe('{"url":"https://a.example/1.jpg"}');
	});

	it('stores every variant under its name, and tells what it made without the bytes', async () => {
		const bytes = await noise(200, 100).jpeg().toBuffer();
		const made = await make(bytes, {sizes: [...sizes], format: 'webp'});
		const {files, context} = collect();
		expect(await flow.store?.(made, context)).toEqual({
			original: {width: 200, height: 100, format: 'jpeg', bytes: bytes.length},
			thumbhash: made.thumbhash,
			variants: [
				{name: '64', width: 64, height: 32, format: 'webp'},
				{name: 'square', width: 32, height: 32, format: 'webp'},
			],
		});
		expect([...files].map(([name, {body, contentType}]) => [name, contentType, body])).toEqual([
			['64.webp', 'image/webp', made.variants[0]?.bytes],
			['square.webp', 'image/webp', made.variants[1]?.bytes],
		]);
	});

	it.each([
		['jpeg', 'jpg'],
		['png', 'png'],
		['webp', 'webp'],
		['avif', 'avif'],
	] as const)('names %s files .%s', async (format, extension) => {
		const {files, context} = collect();
		await flow.store?.(await make(await noise(8, 8).png().toBuffer(), {format}), context);
		expect([...files].map(([name, {contentType}]) => [name, contentType])).toEqual([[`256.${extension}`, `image/${format}`]]);
	});

	it('fails when one of several variants cannot be stored', async () => {
		const made = await make(await noise(80, 80).png().toBuffer(), {sizes: [...sizes], format: 'webp'});
		await expect(flow.store?.(made, collect('square.webp').context)).rejects.toMatchObject({code: 'STORE_FULL'});
	});
});

describe('on a real thread', () => {
	it('the variants are moved, not copied, and arrive whole', async () => {
		await using pool = new Piscina({filename: new URL('thread.ts', import.meta.url).href, minThreads: 1, maxThreads: 1});
		const bytes = await noise(300, 200).jpeg().toBuffer();
		const made: Thumbnails = await pool.run({bytes, options});
		expect(await pool.run(undefined)).toEqual([0, 0]);
		expect(made).toMatchObject(await make(bytes, {sizes: [...sizes], format: 'webp'}));
		for (const {bytes: file, width, height} of made.variants) expect(await sharp(file).metadata()).toMatchObject({width, height});
	});

	it.each(['jpeg', 'png', 'webp', 'avif'] as const)('a %s owns its buffer and may be moved', async format => {
		for (const {bytes} of (await make(await noise(64, 64).png().toBuffer(), {format})).variants) {
			expect(bytes.buffer.byteLength).toBe(bytes.byteLength);
			expect(isMarkedAsUntransferable(bytes.buffer)).toBe(false);
		}
	});
});
