import sharp from 'sharp';
import {develop} from './develop.ts';
import type {Print} from './develop.ts';
import {createNoise} from './noise.ts';
import {planPhoto} from './photo.ts';
import type {PhotoPlan} from './photo.ts';
import {paintScene} from './scene.ts';

// One table for all pictures of a thread.
const noise = createNoise(1);

/** Pictures are painted at this size and enlarged: painting costs 400 ns a pixel, enlarging 20. A thumbnail of 256 px stays sharp. */
const CANVAS_PIXELS = 100_000;

/** Makes the bytes of the nth photo. The default export is what the threads of `makePhotos` run. */
export default async function renderPhoto(n: number): Promise<Uint8Array> {
	const plan = planPhoto(n);
	const {k, width, height, orientation, grain} = plan;
	const scale = Math.sqrt(CANVAS_PIXELS / (width * height));
	const canvas = paintScene({k, width: Math.round(width * scale), height: Math.round(height * scale), noise});
	return encode(develop(canvas, {width, height, orientation, grain, seed: k}), plan);
}

// Raw pixels in: no decoder is involved, so the formats that the thumbnail flow blocks in this process do not matter.
function encode({data, width, height}: Print, {format, orientation, quality, isProgressive, isDisplayP3}: PhotoPlan): Promise<Uint8Array> {
	const image = sharp(data, {raw: {width, height, channels: 3}});
	switch (format) {
		case 'jpeg': {
			if (isDisplayP3) image.withIccProfile('p3');
			if (orientation !== 1) image.withMetadata({orientation});
			return image.jpeg({quality, progressive: isProgressive}).toBuffer();
		}
		case 'png':
			return image.png({compressionLevel: 2}).toBuffer();
		case 'webp':
			return image.webp({quality, effort: 1}).toBuffer();
		default:
			return format satisfies never;
	}
}
