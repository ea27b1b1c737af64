import {execFile} from 'node:child_process';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {request as httpRequest} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {request} from 'undici';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {startOrigin} from '../../../src/cli/demo/start-origin.ts';
import type {Origin} from '../../../src/cli/demo/start-origin.ts';

let directory: string;
let origin: Origin;
const photo = Buffer.from(Array.from({length: 300_000}, (_, at) => at % 251));

beforeAll(async () => {
	directory = await mkdtemp(join(tmpdir(), 'twolane-origin-'));
	await Promise.all([
		writeFile(join(directory, 'photo-001.jpg'), photo),
		writeFile(join(directory, 'photo-002.png'), 'png'),
		writeFile(join(directory, 'photo-003.webp'), ''),
		writeFile(join(directory, 'secret.txt'), 'secret'),
		writeFile(join(directory, '.hidden.jpg'), 'hidden'),
	]);
	origin = await startOrigin({directory});
});
afterAll(async () => {
	await origin[Symbol.asyncDispose]();
	await rm(directory, {recursive: true});
});

/** Sends the path as it is: `fetch` and `undici` would resolve the dots first. */
function getStatus(path: string): Promise<number | undefined> {
	return new Promise((resolve, reject) => {
		const {hostname, port} = new URL(origin.url);
		httpRequest({hostname, port, path}, response => {
			response.resume();
			resolve(response.statusCode);
		})
			.once('error', reject)
			.end();
	});
}

describe('startOrigin', () => {
	test('serves the bytes of a photo with its length and type', async () => {
		const {statusCode, headers, body} = await request(`${origin.url}/photo-001.jpg`);
		expect(statusCode).toBe(200);
		expect(headers).toMatchObject({'content-type': 'image/jpeg', 'content-length': String(photo.length)});
		expect(Buffer.compare(Buffer.from(await body.arrayBuffer()), photo)).toBe(0);
	});

	test.each([
		['photo-002.png', 'image/png', '3'],
		['photo-003.webp', 'image/webp', '0'],
	])('knows what %s is', async (name, type, length) => {
		const {headers, body} = await request(`${origin.url}/${name}`);
		await body.dump();
		expect(headers).toMatchObject({'content-type': type, 'content-length': length});
	});

	test('answers HEAD without a body', async () => {
		const {statusCode, headers, body} = await request(`${origin.url}/photo-001.jpg`, {method: 'HEAD'});
		expect([statusCode, headers['content-length'], await body.text()]).toEqual([200, String(photo.length), '']);
	});

	test('allows nothing but GET and HEAD', async () => {
		const {statusCode, headers, body} = await request(`${origin.url}/photo-001.jpg`, {method: 'DELETE'});
		await body.dump();
		expect([statusCode, headers.allow]).toEqual([405, 'GET, HEAD']);
		expect(await readFile(join(directory, 'photo-001.jpg'))).toHaveLength(photo.length);
	});

	test.each([
		'/',
		'/photo-999.jpg',
		'/secret.txt',
		'/.hidden.jpg',
		'/../photo-001.jpg',
		'/..%2fphoto-001.jpg',
		'/x/../photo-001.jpg',
		'//photo-001.jpg',
		'/%70hoto-001.jpg',
		'/photo-001.jpg/',
		'/photo-001.jpg%00',
	])('has nothing at %s', async path => {
		expect(await getStatus(path)).toBe(404);
	});

	test('takes at least 30 ms to its first byte, as a web server far away does', async () => {
		for (const name of ['photo-001.jpg', 'photo-002.png', 'photo-003.webp']) {
			const startMs = performance.now();
			const {body} = await request(`${origin.url}/${name}`);
			expect(performance.now() - startMs).toBeGreaterThanOrEqual(30);
			await body.dump();
		}
	});

	test('is gone once it is disposed of, also twice', async () => {
		const other = await startOrigin({directory});
		await other[Symbol.asyncDispose]();
		await other[Symbol.asyncDispose]();
		await expect(request(`${other.url}/photo-001.jpg`)).rejects.toMatchObject({code: 'ECONNREFUSED'});
	});

	test('goes when its parent dies', async () => {
		const module = new URL('../../../src/cli/demo/start-origin.ts', import.meta.url).href;
		const script = `const {startOrigin} = await import(${JSON.stringify(module)});
			const {url} = await startOrigin({directory: ${JSON.stringify(directory)}});
			process.stdout.write(url, () => process.kill(process.pid, 'SIGKILL'));`;
		const parent = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
		const {stdout, signal} = (await parent.catch((error: unknown) => error)) as {stdout: string; signal: string};
		expect(signal).toBe('SIGKILL');
		await expect.poll(() => request(`${stdout}/photo-001.jpg`).catch((error: unknown) => error)).toMatchObject({code: 'ECONNREFUSED'});
	});

	test('says why a folder cannot be served', async () => {
		const missing = join(directory, 'nowhere');
		await expect(startOrigin({directory: missing})).rejects.toMatchObject({
			code: 'FILE_UNREADABLE',
			message: expect.stringMatching(/nowhere.*ENOENT/u) as string,
		});
		await expect(startOrigin({directory: join(directory, 'secret.txt')})).rejects.toThrow('is not a folder');
	});

	test('does not start when it is aborted', async () => {
		const stop = new AbortController();
		await expect(startOrigin({directory, signal: AbortSignal.abort(new Error('before'))})).rejects.toThrow('before');
		const starting = startOrigin({directory, signal: stop.signal});
		stop.abort(new Error('during'));
		await expect(starting).rejects.toThrow('during');
	});
});
