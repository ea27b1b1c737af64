import {execFileSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {mkdir, mkdtemp, rm, symlink, truncate, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {fileReader} from '../../../src/adapters/files/reader.ts';
import type {ReadContext} from '../../../src/lanes/ports.ts';

const reader = fileReader();
const photo = randomBytes(300_000);
let folder: string;

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'twolane-files-'));
	await writeFile(join(folder, 'a.jpg'), photo);
});

afterEach(async () => {
	await rm(folder, {recursive: true, force: true});
});

const read = (name: string, options: Partial<ReadContext> = {}): Promise<Uint8Array<ArrayBuffer>> =>
	reader.read({file: join(folder, name)}, {signal: new AbortController().signal, maxBytes: 1_000_000, reserve: async () => {}, ...options});

describe('fileReader', () => {
	it('reads a file whole, into a buffer of its own', async () => {
		const body = await read('a.jpg');
		expect(photo.equals(body)).toBe(true);
		expect([body.byteOffset, body.buffer.byteLength]).toEqual([0, photo.length]);
		structuredClone(body, {transfer: [body.buffer]});
		expect(body.byteLength).toBe(0);
	});

	it('reads many at once, through links and of more than one piece', async () => {
		const large = randomBytes(20_000_000);
		await writeFile(join(folder, 'large'), large);
		await symlink(join(folder, 'large'), join(folder, 'link'));
		const bodies = await Promise.all(['a.jpg', 'large', 'link', 'a.jpg'].map(name => read(name, {maxBytes: large.length})));
		expect(bodies.map(body => [photo, large].findIndex(original => original.equals(body)))).toEqual([0, 1, 1, 0]);
	});

	it('asks for room once, for exactly the size', async () => {
		const asked: number[] = [];
		await read('a.jpg', {reserve: async bytes => void asked.push(bytes)});
		expect(asked).toEqual([photo.length]);
	});

	it('takes a file of exactly the cap and refuses a larger one before it asks for room', async () => {
		expect(await read('a.jpg', {maxBytes: photo.length})).toHaveLength(photo.length);
		const reserve = async (): Promise<void> => expect.unreachable();
		await expect(read('a.jpg', {maxBytes: photo.length - 1, reserve})).rejects.toMatchObject({code: 'TOO_MANY_BYTES'});
	});

	it('says what is wrong with a file', async () => {
		await writeFile(join(folder, 'empty'), '');
		await mkdir(join(folder, 'folder'));
		await symlink(join(folder, 'loop'), join(folder, 'loop'));
		const codes = {
			'missing.jpg': 'FILE_NOT_FOUND',
			'a.jpg/b.jpg': 'FILE_NOT_FOUND',
			empty: 'EMPTY_BODY',
			folder: 'FILE_UNREADABLE',
			loop: 'FILE_UNREADABLE',
			'a\0.jpg': 'FILE_UNREADABLE',
		};
		for (const [name, code] of Object.entries(codes)) {
			await expect(read(name), name).rejects.toMatchObject({name: 'TwolaneError', code, retryable: false});
		}
	});

	it('does not wait for a pipe’s writer, and reads no device', async () => {
		execFileSync('mkfifo', [join(folder, 'pipe')]);
		await expect(read('pipe')).rejects.toMatchObject({code: 'FILE_UNREADABLE'});
		await symlink('/dev/zero', join(folder, 'device'));
		await expect(read('device')).rejects.toMatchObject({code: 'FILE_UNREADABLE'});
	});

	it('notices that a file shrinks while it is read', async () => {
		const reserve = (): Promise<void> => truncate(join(folder, 'a.jpg'), 10);
		await expect(read('a.jpg', {reserve})).rejects.toMatchObject({code: 'BODY_TRUNCATED', retryable: true});
	});

	it('ends with the reason of an abort: before, while it waits for room, and while it reads', async () => {
		await expect(read('a.jpg', {signal: AbortSignal.abort('stop')})).rejects.toBe('stop');
		for (const wait of [new Promise<void>(() => {}), Promise.resolve()]) {
			const stop = new AbortController();
			const reserve = async (): Promise<void> => {
				stop.abort('stop');
				await wait;
			};
			await expect(read('a.jpg', {signal: stop.signal, reserve})).rejects.toBe('stop');
		}
	});

	it('refuses a source of another kind', async () => {
		const context = {signal: new AbortController().signal, maxBytes: 1, reserve: async () => {}};
		await expect(reader.read({url: 'http://a.test/'}, context)).rejects.toMatchObject({code: 'INTERNAL'});
	});
});
