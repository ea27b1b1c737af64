import {TwolaneError} from '../../lanes/errors.ts';
import type {Task} from '../../lanes/flow.ts';
import {judgeDamage} from './damage.ts';
import {decode} from './decode.ts';
import type {Variant} from './encode.ts';
import {encodeAll} from './encode.ts';
import type {InputFormat, OutputFormat} from './formats.ts';
import {readHeader} from './header.ts';
import type {ThumbnailOptions} from './options.ts';
import {hashPixels} from './placeholder.ts';
import {describeContent, detectFormat} from './sniff.ts';
import {warmUp} from './warm-up.ts';

/** What the thread gives back. `original` is upright: its width and height are those a viewer shows. */
export interface Thumbnails {
	readonly original: {readonly width: number; readonly height: number; readonly format: InputFormat; readonly bytes: number};
	/** ThumbHash of the whole picture, base64. */
	readonly thumbhash: string;
	readonly variants: readonly Variant[];
}

const pickFormat = (wanted: ThumbnailOptions['format'], input: InputFormat): OutputFormat => {
	if (wanted !== 'same') return wanted;
	return input === 'gif' ? 'png' : input;
};

/**
 * Makes every size of one image from one decode: upright, in sRGB, without metadata, never enlarged.
 * @throws TwolaneError `FORMAT_UNSUPPORTED`, `TOO_MANY_PIXELS`, `IMAGE_TRUNCATED`, `IMAGE_CORRUPT`, `TOO_MUCH_MEMORY`, `TRANSFORM_FAILED`.
 */
export default async function makeThumbnails(
	bytes: Uint8Array,
	{options}: Pick<Task<unknown, ThumbnailOptions>, 'options'>,
): Promise<Thumbnails> {
	const inputFormat = detectFormat(bytes);
	if (inputFormat === undefined) throw await refuseFormat(bytes);
	const {header, pixels} = await open(bytes, inputFormat, options);
	const {width, height} = header;
	const encoding = {original: {width, height}, format: pickFormat(options.format, inputFormat), options};
	// The hash is JavaScript and runs here while libvips encodes elsewhere.
	const [variants, thumbhash] = await Promise.all([encodeAll(pixels, encoding), Promise.resolve(pixels).then(hashPixels)]);
	return {original: {width, height, format: inputFormat, bytes: bytes.length}, thumbhash, variants};
}

async function refuseFormat(bytes: Uint8Array): Promise<TwolaneError> {
	const found = await describeContent(bytes);
	return new TwolaneError('FORMAT_UNSUPPORTED', `this is no image that is read here: expected JPEG, PNG, WebP, GIF or AVIF, got ${found}`);
}

async function open(bytes: Uint8Array, format: InputFormat, options: ThumbnailOptions) {
	try {
		const header = await readHeader(bytes, format, options.maxPixels);
		return {header, pixels: await decode(bytes, header, options)};
	} catch (error) {
		throw error instanceof TwolaneError ? error : judgeDamage(error, bytes, format);
	}
}

// The first picture of a thread would pay for what libvips and V8 set up on first use.
await warmUp(makeThumbnails);
