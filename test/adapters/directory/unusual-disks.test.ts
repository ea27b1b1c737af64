import {type FileHandle, mkdtemp, readFile, readdir, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {takeOwnership} from '../../../src/adapters/directory/owner-lock.ts';
import {directoryStore} from '../../../src/adapters/directory/store.ts';
import type {ObjectStore} from '../../../src/runs/object-store.ts';
import {describeObjectStore} from '../../conformance/object-store.ts';

/** What the disk below the tests is like. */
const disk = vi.hoisted(() => ({linkError: '', isSplit: false, freeBytes: Infinity, written: () => {}}));
const openFiles = vi.hoisted(() => new Set<FileHandle>());

vi.mock('node:fs/promises', async importOriginal => {
	const real = await importOriginal<typeof import('node:fs/promises')>();
	const refuse = (code: string): never => {
		throw Object.assign(new Error(`${code}: faked`), {code});
	};
	const requireOneDisk = (from: string, to: string): void => {
		if (disk.isSplit && dirname(from) !== dirname(to)) refuse('EXDEV');
	};
	return {
		...real,
		async link(from: string, to: string) {
			if (disk.linkError !== '') refuse(disk.linkError);
			requireOneDisk(from, to);
			await real.link(from, to);
		},
		async rename(from: string, to: string) {
			requireOneDisk(from, to);
			await real.rename(from, to);
		},
		async open(path: string, flags: string | number): Promise<FileHandle> {
			const file = await real.open(path, flags);
			openFiles.add(file);
			const close = file.close.bind(file);
			file.close = async () => {
				openFiles.delete(file);
				await close();
			};
			if (flags !== 'wx') return file;
			const writeFile = file.writeFile.bind(file);
			file.writeFile = async (body, options) => {
				const bytes = Buffer.from(body as Uint8Array);
				const fitting = bytes.subarray(0, disk.freeBytes);
				disk.freeBytes -= fitting.length;
				await writeFile(fitting, options);
				disk.written();
				if (fitting.length < bytes.length) refuse('ENOSPC');
			};
			return file;
		},
	};
});

let folder: string;
let store: ObjectStore;

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'twolane-disks-'));
	store = directoryStore(join(folder, 'out'));
});

afterEach(async () => {
	Object.assign(disk, {linkError: '', isSplit: false, freeBytes: Infinity, written: () => {}});
	await rm(folder, {recursive: true, force: true});
	if (openFiles.size > 0) throw new Error(`${openFiles.size} files were left open`);
});

const listFiles = async (): Promise<string[]> =>
	(await readdir(folder, {recursive: true, withFileTypes: true})).filter(entry => entry.isFile()).map(entry => entry.name);

async function openOn(change: Partial<typeof disk>) {
	Object.assign(disk, change);
	const own = await mkdtemp(join(tmpdir(), 'twolane-disks-'));
	return {store: directoryStore(own), dispose: () => rm(own, {recursive: true, force: true})};
}

describeObjectStore('directoryStore without hard links', () => openOn({linkError: 'ENOTSUP'}));
describeObjectStore('directoryStore with its temporary files on another disk', () => openOn({isSplit: true}));

describe('a disk without hard links', () => {
	it.each(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])('that says %s still creates once, and has one owner', async code => {
		disk.linkError = code;
		const created = await Promise.all([1, 2, 3].map(n => store.create('a', `${n}`)));
		expect(created.filter(Boolean)).toEqual([true]);
		const turns = await Promise.all([1, 2, 3].map(() => takeOwnership(join(folder, 'run'))));
		expect(turns.filter(({isTaken}) => isTaken)).toHaveLength(1);
		expect((await listFiles()).sort()).toEqual(['a', 'owner-1.json']);
	});

	it('is not assumed where a link fails otherwise', async () => {
		disk.linkError = 'EACCES';
		await expect(store.create('a', 'a')).rejects.toMatchObject({
			code: 'STORE_DENIED',
			message: expect.stringContaining('a could not be written'),
		});
		expect(await listFiles()).toEqual([]);
	});
});

describe('a temporary folder on another disk', () => {
	it('leaves nothing there nor beside the file', async () => {
		disk.isSplit = true;
		await store.put('b/put', Buffer.from('put'), {n: 0, signal: new AbortController().signal});
		await store.create('b/created', 'created');
		expect(await store.create('b/created', 'again')).toBe(false);
		expect((await listFiles()).sort()).toEqual(['created', 'put']);
	});
});

describe('any disk', () => {
	it('gets every file closed, also one that is read in part, and one that is none', async () => {
		await store.create('folder/a', 'text');
		for await (const _ of store.read('folder/a')) break;
		expect([await store.get('folder/a'), await store.get('folder')]).toMatchObject([{etag: expect.any(String)}, undefined]);
		expect(await store.head('folder/a')).toBeDefined();
		expect(openFiles.size).toBe(0);
	});
});

describe('a slow disk', () => {
	it('shows nothing of an output that was aborted while it was written', async () => {
		const stop = new AbortController();
		disk.written = () => stop.abort('stop');
		await expect(store.put('a', Buffer.from('a'), {n: 0, signal: stop.signal})).rejects.toBe('stop');
		expect(await listFiles()).toEqual([]);
	});
});

describe('a disk that gets full', () => {
	const {signal} = new AbortController();
	const body = 'x'.repeat(1000);
	async function* chunks(): AsyncGenerator<string> {
		for (let n = 0; n < 10; n++) yield body.repeat(100);
	}

	it.each([
		['put', (key: string) => store.put(key, Buffer.from(body), {n: 0, signal})],
		['create', (key: string) => store.create(key, body)],
		['write', (key: string) => store.write(key, chunks())],
	])('makes %s fail with STORE_FULL, keeps what was there, and leaves no part behind', async (_, act) => {
		await store.create('kept', 'old');
		disk.freeBytes = 500;
		for (const key of ['kept', 'new']) {
			await expect(act(key)).rejects.toMatchObject({name: 'TwolaneError', code: 'STORE_FULL', retryable: false});
			disk.freeBytes = 500;
		}
		expect(await listFiles()).toEqual(['kept']);
		expect(await readFile(join(folder, 'out/kept'), 'utf8')).toBe('old');
	});

	it('makes replace fail with STORE_FULL, and keeps what was there', async () => {
		await store.create('kept', 'old');
		const etag = (await store.head('kept'))?.etag ?? '';
		disk.freeBytes = 500;
		await expect(store.replace('kept', body, {etag})).rejects.toMatchObject({code: 'STORE_FULL'});
		expect(await listFiles()).toEqual(['kept']);
		disk.freeBytes = Infinity;
		expect(await store.replace('kept', body, {etag})).toBe(true);
	});

	it('stops reading the chunks of a write', async () => {
		let isClosed = false;
		async function* watched(): AsyncGenerator<string> {
			try {
				for (;;) yield body;
			} finally {
				isClosed = true;
			}
		}
		disk.freeBytes = 1_000_000;
		await expect(store.write('a', watched())).rejects.toMatchObject({code: 'STORE_FULL'});
		expect(isClosed).toBe(true);
	});

	it('refuses the ownership with STORE_FULL', async () => {
		disk.freeBytes = 10;
		await expect(takeOwnership(join(folder, 'run'))).rejects.toMatchObject({code: 'STORE_FULL'});
		expect(await listFiles()).toEqual([]);
	});
});
