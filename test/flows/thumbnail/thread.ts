import {move, transferableSymbol, valueSymbol} from 'piscina';
import type {ThumbnailOptions} from '../../../src/flows/thumbnail/options.ts';
import makeThumbnails from '../../../src/flows/thumbnail/transform.ts';

let buffers: readonly ArrayBuffer[] = [];

/** What a thread does with the stage: runs it and moves what it made. Without a task it tells what the last one left behind. */
export default async function run(task?: {bytes: Uint8Array; options: ThumbnailOptions}): Promise<unknown> {
	if (task === undefined) return buffers.map(buffer => buffer.byteLength);
	const made = await makeThumbnails(task.bytes, task);
	buffers = made.variants.map(variant => variant.bytes.buffer);
	return move({[transferableSymbol]: buffers, [valueSymbol]: made});
}
