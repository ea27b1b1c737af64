import {describe, expect, it} from 'vitest';
import {describeContent, detectFormat} from '../../../src/flows/thumbnail/sniff.ts';
import {noise} from './pictures.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** The first box of an ISO media file. */
function ftyp(major: string, ...compatible: string[]): Uint8Array {
	const box = Buffer.concat([Buffer.alloc(4), Buffer.from(`ftyp${major}\0\0\0\0${compatible.join('')}`, 'latin1'), Buffer.alloc(32)]);
	box.writeUInt32BE(16 + compatible.length * 4);
	return box;
}

describe('detectFormat', () => {
	it.each(['jpeg', 'png', 'webp', 'gif', 'avif'] as const)('knows %s by its content', async format => {
		expect(detectFormat(await noise(16, 16).toFormat(format).toBuffer())).toBe(format);
	});

	it('knows an AVIF of the general brand by its compatible brands', () => {
		expect(detectFormat(ftyp('mif1', 'mif1', 'avif', 'miaf'))).toBe('avif');
	});

	it.each([
		['HEIC', ftyp('heic', 'mif1', 'heic')],
		['HEIC of the general brand', ftyp('mif1', 'mif1', 'heic')],
		['HEVC beside AV1', ftyp('mif1', 'avif', 'heic')],
		['a film', ftyp('isom', 'isom', 'avc1')],
		['avif outside the brands', Buffer.from(ftyp('isom')).fill('avif', 16)],
		['nothing', new Uint8Array()],
		['half a signature', Uint8Array.of(0xff, 0xd8)],
		['a WAV file', text('RIFF\0\0\0\0WAVEfmt ')],
		['HTML', text('<!doctype html>')],
	])('does not take %s', (_, bytes) => {
		expect(detectFormat(bytes)).toBeUndefined();
	});
});

describe('describeContent', () => {
	it.each([
		['an empty file', new Uint8Array()],
		['text/html', text('\uFEFF\n<!DOCTYPE html><title>Not found</title>')],
		['text/html', text('<html><body>')],
		['image/svg+xml', text('<svg xmlns="http://www.w3.org/2000/svg"/>')],
		['image/svg+xml', text('<?xml version="1.0"?>\n<!-- c --><svg/>')],
		['application/pdf', text('%PDF-1.7\n')],
		['image/heic', ftyp('heic', 'mif1')],
		['text that starts with "{\\"error\\":\\"gone\\"}"', text('{"error":"gone"}')],
		['bytes that start with 0001020304', Uint8Array.of(0, 1, 2, 3, 4)],
	])('says %s', async (expected, bytes) => {
		expect(await describeContent(bytes)).toBe(expected);
	});

	it('names a TIFF', async () => {
		expect(await describeContent(await noise(8, 8).tiff().toBuffer())).toBe('image/tiff');
	});
});
