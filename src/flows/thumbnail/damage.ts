import {TwolaneError} from '../../lanes/errors.ts';
import type {InputFormat} from './formats.ts';

const PNG_SIGNATURE_BYTES = 8;
const IEND = 0x49_45_4e_44;
const GIF_TRAILER = 0x3b;
const JPEG_SCAN = 0xda;
const JPEG_END = 0xd9;

/** Walks the chunks or boxes of a file; returns where the walk stops: past the file's end, at it, or where `next` stays. */
function walk(bytes: Uint8Array, start: number, next: (view: DataView, at: number) => number): number {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	let at = start;
	while (at < bytes.length) {
		if (at + 8 > bytes.length) return Infinity;
		const end = next(view, at);
		if (end <= at) break;
		at = end;
	}
	return at;
}

const pngChunkEnd = (view: DataView, at: number): number => (view.getUint32(at + 4) === IEND ? at : at + 12 + view.getUint32(at));

function boxEnd(view: DataView, at: number): number {
	const size = view.getUint32(at);
	if (size !== 1) return at + size;
	return at + 16 <= view.byteLength ? at + Number(view.getBigUint64(at + 8)) : Infinity;
}

/** Whether a JPEG has its end marker: behind its segments, which may hold whole pictures, and anywhere in its scans. */
function hasJpegEnd(bytes: Uint8Array): boolean {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	let at = 2;
	while (at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== JPEG_SCAN) at += 2 + view.getUint16(at + 2);
	for (let end = bytes.indexOf(JPEG_END, at); end !== -1; end = bytes.indexOf(JPEG_END, end + 1)) if (bytes[end - 1] === 0xff) return true;
	return false;
}

/**
 * Whether a file that does not decode stops before its own end, as its bytes tell. What libvips says would not do: all threads share its
 * one buffer of complaints, and two bad images at once get each other's.
 */
function endsEarly(bytes: Uint8Array, format: InputFormat): boolean {
	switch (format) {
		case 'jpeg':
			return !hasJpegEnd(bytes);
		case 'gif':
			return bytes.at(-1) !== GIF_TRAILER;
		case 'webp':
			return bytes.length < 12 || new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true) + 8 > bytes.length;
		case 'png':
			return walk(bytes, PNG_SIGNATURE_BYTES, pngChunkEnd) >= bytes.length;
		case 'avif':
			return walk(bytes, 0, boxEnd) > bytes.length;
		default:
			return format satisfies never;
	}
}

/** libvips reports every failed seek and tile; one line says what is wrong. */
function shorten(message: string): string {
	const lines = message.replace('Input buffer has corrupt header:', '').split('\n');
	const telling = lines.map(line => line.trim()).filter(line => line !== '' && !/^source: bad|^error in tile|^Warning treated/u.test(line));
	return telling.at(0)?.slice(0, 160) ?? 'it does not decode';
}

/** What the codec's refusal means for the person who gave the file. */
export function judgeDamage(error: unknown, bytes: Uint8Array, format: InputFormat): TwolaneError {
	const message = error instanceof Error ? error.message : String(error);
	const what = `${format}, ${bytes.length} bytes (${shorten(message)})`;
	if (/out of memory|unable to allocate/iu.test(message)) {
		return new TwolaneError('TOO_MUCH_MEMORY', `there was not enough memory to decode the image: ${what}`, {
			cause: error,
		});
	}
	if (endsEarly(bytes, format)) {
		return new TwolaneError('IMAGE_TRUNCATED', `the image ends too early: ${what}`, {cause: error});
	}
	return new TwolaneError('IMAGE_CORRUPT', `the image is damaged: ${what}`, {cause: error});
}
