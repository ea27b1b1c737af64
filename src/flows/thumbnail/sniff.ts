import type {InputFormat} from './formats.ts';

/** One character a byte; the web's `latin1`, TextDecoder's, is windows-1252 and changes some. */
const read = (bytes: Uint8Array, start: number, end: number): string => Buffer.from(bytes.subarray(start, end)).toString('latin1');

/** The brands of an ISO media file: the major one, and those it says it is compatible with. */
function readBrands(bytes: Uint8Array): readonly string[] {
	if (bytes.length < 16 || read(bytes, 4, 8) !== 'ftyp') return [];
	const boxBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
	const list = read(bytes, 8, Math.min(boxBytes, 256));
	return list.match(/[^]{4}/gu) ?? [];
}

/**
 * Decides the format by content, never by name or Content-Type; `undefined` for anything that is not read.
 * These five signatures are our own because file-type takes 25 to 50 ms to load in each thread, and calls an AVIF of the general
 * brand `mif1` HEIC; it names what is refused.
 */
export function detectFormat(bytes: Uint8Array): InputFormat | undefined {
	const start = read(bytes, 0, 12);
	if (start.startsWith('\u00FF\u00D8\u00FF')) return 'jpeg';
	if (start.startsWith('\u0089PNG\r\n\u001A\n')) return 'png';
	if (start.startsWith('GIF87a') || start.startsWith('GIF89a')) return 'gif';
	if (start.startsWith('RIFF') && start.endsWith('WEBP')) return 'webp';
	// HEVC beside AV1 in one file: which one is the picture is not known before it is decoded.
	const brands = readBrands(bytes);
	if (brands.includes('avif') && !brands.some(brand => /^he[iv][cx]$/u.test(brand))) return 'avif';
	return undefined;
}

/** Says in a few words what the bytes look like, for a person who gave the wrong file. */
export async function describeContent(bytes: Uint8Array): Promise<string> {
	if (bytes.length === 0) return 'an empty file';
	const start = read(bytes, 0, 512).replace(/^ï»¿/u, '').trimStart();
	if (/^(?:<\?xml[^]*?)?<svg\b/iu.test(start)) return 'image/svg+xml';
	if (/^<(?:!doctype html|html|head|body)\b/iu.test(start)) return 'text/html';
	const {fileTypeFromBuffer} = await import('file-type');
	const type = await fileTypeFromBuffer(bytes).catch(() => undefined);
	if (type !== undefined) return type.mime;
	if (/^[\t\n\r -~]*$/u.test(start)) return `text that starts with ${JSON.stringify(start.slice(0, 24))}`;
	return `bytes that start with ${Buffer.from(bytes.subarray(0, 8)).toString('hex')}`;
}
