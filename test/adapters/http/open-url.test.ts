import {randomBytes} from 'node:crypto';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {openUrl, type OpenUrlOptions} from '../../../src/adapters/http/open-url.ts';
import * as origins from '../../support/http-origin.ts';

const list = randomBytes(500_000);
let origin: origins.HttpOrigin;

beforeEach(async () => {
	origin = await origins.httpOrigin();
});

afterEach(async () => {
	await origin[Symbol.asyncDispose]();
});

const open = (path: string, options: Partial<OpenUrlOptions> = {}): ReturnType<typeof openUrl> =>
	openUrl(origin.url(path), {allowOrigins: [origin.origin], signal: new AbortController().signal, ...options});

async function readAll(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
	return Buffer.concat(await Array.fromAsync(body));
}

describe('openUrl', () => {
	it('streams a body and says where it came from', async () => {
		origin.on('/list', origins.redirect('/list.jsonl?v=2'));
		origin.on('/list.jsonl?v=2', origins.serve(list));
		await using opened = await open('/list');
		expect(opened.url.href).toBe(origin.url('/list.jsonl?v=2'));
		expect(opened.bytes).toBe(list.length);
		expect((await readAll(opened.body)).equals(list)).toBe(true);
	});

	it('streams a body of unknown length', async () => {
		origin.on('/list', origins.chunked(list));
		await using opened = await open('/list');
		expect(opened).not.toHaveProperty('bytes');
		expect((await readAll(opened.body)).equals(list)).toBe(true);
	});

	it('hands out a huge body in pieces, and lets its reader leave after the first', async () => {
		const huge = Buffer.alloc(64 * 1024 * 1024);
		origin.on('/list', origins.serve(huge));
		await using opened = await open('/list');
		let size = 0;
		for await (const chunk of opened.body) {
			size += chunk.length;
			break;
		}
		expect(size).toBeLessThanOrEqual(64 * 1024);
	});

	it('takes a reader that is slower than the idle limit', async () => {
		const large = randomBytes(8_000_000);
		origin.on('/list', origins.serve(large));
		await using opened = await open('/list', {timeouts: {idleMs: 50}});
		const chunks: Uint8Array[] = [];
		for await (const chunk of opened.body) {
			// undici's clock ticks twice a second: this is past the tick at which an idle connection would have been given up.
			if (chunks.length === 0) await new Promise(resolve => setTimeout(resolve, 1600));
			chunks.push(chunk);
		}
		expect(Buffer.concat(chunks).equals(large)).toBe(true);
	});

	it('throws what a read throws: at the head, in the body, at the cap, on abort', async () => {
		await expect(open('/missing')).rejects.toMatchObject({code: 'HTTP_STATUS', status: 404});
		await expect(open('/list', {allowOrigins: []})).rejects.toMatchObject({code: 'ADDRESS_DENIED'});

		origin.on('/cut', origins.truncated(list, 1000));
		await using cut = await open('/cut');
		await expect(readAll(cut.body)).rejects.toMatchObject({code: 'BODY_TRUNCATED'});

		origin.on('/list', origins.chunked(list));
		await using capped = await open('/list', {maxBytes: 1000});
		await expect(readAll(capped.body)).rejects.toMatchObject({code: 'TOO_MANY_BYTES'});

		origin.on('/empty', origins.untilClose(''));
		await using none = await open('/empty');
		await expect(readAll(none.body)).rejects.toMatchObject({code: 'EMPTY_BODY'});

		const stop = new AbortController();
		origin.on('/stall', origins.stallInBody(list, 1000));
		await using stalled = await open('/stall', {signal: stop.signal});
		setImmediate(() => stop.abort('stop'));
		await expect(readAll(stalled.body)).rejects.toBe('stop');
	});
});
