import {TwolaneError} from '../../lanes/errors.ts';
import {sharp} from './codec.ts';
import type {Pixels} from './decode.ts';
import type {OutputFormat} from './formats.ts';
import type {Size, ThumbnailOptions} from './options.ts';
import type {Extent} from './scale.ts';
import {scalePicture} from './scale.ts';

/** One finished file. Its bytes own their buffer, so that they can be moved to another thread. */
export interface Variant extends Extent {
	readonly name: string;
	readonly format: OutputFormat;
	readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface Encoding {
	readonly original: Extent;
	readonly format: OutputFormat;
	readonly options: ThumbnailOptions;
}

const defaultQuality = {jpeg: 80, webp: 80, avif: 50} as const;

function compress(image: ReturnType<typeof sharp>, {format, options}: Encoding): ReturnType<typeof sharp> {
	// sharp reads a PNG quality as the wish for a palette.
	if (format === 'png') return image.png();
	return image.toFormat(format, {quality: options.quality ?? defaultQuality[format]});
}

function shape(pixels: Pixels, size: Size, {original, format, options}: Encoding): ReturnType<typeof sharp> {
	const {width, height, fit, position} = size;
	const image = sharp(pixels.data, {raw: pixels.raw});
	if (format === 'jpeg' && pixels.raw.channels === 4) image.flatten({background: options.background});
	if (fit !== 'cover' && fit !== 'contain') return image.resize({...scalePicture(original, size), fit: 'fill'});
	return image.resize({width, height, fit, position, background: options.background, withoutEnlargement: true});
}

async function encodeOne(pixels: Pixels, size: Size, encoding: Encoding): Promise<Variant> {
	// toBuffer() gives memory that belongs to libvips: moving it to another thread ends the process.
	const {data, info} = await compress(shape(pixels, size, encoding), encoding).toUint8Array();
	const bytes = data.buffer instanceof ArrayBuffer ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
	return {name: size.name, width: info.width, height: info.height, format: encoding.format, bytes};
}

/** Makes every size, one after another: the thread pool counts on one native task a thread. @throws TwolaneError `TRANSFORM_FAILED`. */
export async function encodeAll(pixels: Pixels, encoding: Encoding): Promise<readonly Variant[]> {
	const variants: Variant[] = [];
	for (const size of encoding.options.sizes) {
		const variant = encodeOne(pixels, size, encoding).catch((error: unknown) => {
			const problem = `size '${size.name}' could not be written as ${encoding.format}: ${error instanceof Error ? error.message : String(error)}`;
			throw new TwolaneError('TRANSFORM_FAILED', problem, {cause: error});
		});
		variants.push(await variant);
	}
	return variants;
}
