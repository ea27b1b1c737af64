import {sharp} from './codec.ts';
import type {ThumbnailOptions} from './options.ts';

// Written out, so that the threads need not load the schema.
const options: ThumbnailOptions = {
	sizes: [{name: 'warm', width: 8, height: 8, fit: 'inside', position: 'centre'}],
	format: 'jpeg',
	background: 'white',
	decode: 'fast',
	maxPixels: 50_000_000,
};

/** Runs the stage once on a tiny picture of its own. */
export async function warmUp(stage: (bytes: Uint8Array, task: {readonly options: ThumbnailOptions}) => Promise<unknown>): Promise<void> {
	const tiny = await sharp({create: {width: 16, height: 16, channels: 3, background: 'gray'}})
		.jpeg()
		.toBuffer();
	await stage(tiny, {options});
}
