import {TwolaneError} from '../../lanes/errors.ts';
import {sharp} from './codec.ts';
import type {InputFormat} from './formats.ts';
import {readJpegExtent} from './jpeg-header.ts';
import type {Extent} from './scale.ts';

/** What is known before anything is decoded: the size is that of the upright picture. */
export interface Header extends Extent {
	/** 16 bits a channel in RGB, with a profile: PNG and AVIF have them. */
	readonly isDeepWithProfile: boolean;
}

async function askCodec(bytes: Uint8Array): Promise<Header> {
	const {autoOrient, space, hasProfile} = await sharp(bytes, {failOn: 'warning', limitInputPixels: false}).metadata();
	return {width: autoOrient.width, height: autoOrient.height, isDeepWithProfile: space === 'rgb16' && hasProfile};
}

/** Reads the header alone. @throws what the codec throws; TwolaneError `TOO_MANY_PIXELS`. */
export async function readHeader(bytes: Uint8Array, format: InputFormat, maxPixels: number): Promise<Header> {
	const extent = format === 'jpeg' ? readJpegExtent(bytes) : undefined;
	const header = extent === undefined ? await askCodec(bytes) : {...extent, isDeepWithProfile: false};
	const {width, height} = header;
	if (width * height <= maxPixels) return header;
	throw new TwolaneError(
		'TOO_MANY_PIXELS',
		`the image is ${width} x ${height}, ${width * height} pixels; at most ${maxPixels} are decoded; raise maxPixels (--max-pixels) if it is meant to be this large`,
	);
}
