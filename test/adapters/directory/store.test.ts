import {createHash, randomBytes} from 'node:crypto';
import {mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, utimes, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {directoryStore} from '../../../src/adapters/directory/store.ts';
import type {Store} from '../../../src/lanes/ports.ts';
import type {ObjectStore} from '../../../src/runs/object-store.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const photo = randomBytes(10_240);
const signal = new AbortController().signal;
let root: string;
let store: ObjectStore;

beforeEach(async () => {
	root = join(await mkdtemp(join(tmpdir(), 'twolane-directory-')), 'out');
	store = directoryStore(root);
});

afterEach(async () => {
	await rm(join(root, '..'), {recursive: true, force: true});
});

const put = (key: string, body: Uint8Array = photo, stop = signal): ReturnType<Store['put']> => store.put(key, body, {n: 0, signal: stop});
const list = async (folder = root): Promise<string[]> =>
	(await readdir(folder, {recursive: true, withFileTypes: true}))
		.filter(entry => entry.isFile())
		.map(entry => entry.name)
		.sort();

describe('directoryStore', () => {
	it('names its folder as a file URL', () => {
		expect(fileURLToPath(directoryStore('/tmp/a b#c').uri)).toBe('/tmp/a b#c');
	});

	it('writes the bytes below folders that it makes, and says their hash', async () => {
		expect(await put('ab/item-1/256.jpg')).toEqual({sha256: sha256(photo)});
		expect(photo.equals(await readFile(join(root, 'ab/item-1/256.jpg')))).toBe(true);
	});

	it.each([0, 1, 5_000_000])('writes %i bytes', async length => {
		const body = randomBytes(length);
		expect(await put('a', body)).toEqual({sha256: sha256(body)});
		expect(body.equals(await readFile(join(root, 'a')))).toBe(true);
	});

	it('writes many at once, into the same and into different folders, and leaves nothing else behind', async () => {
		await Promise.all(Array.from({length: 200}, (_, n) => put(`${n % 7}/${n}.jpg`, Buffer.from(String(n)))));
		expect(await list()).toEqual(Array.from({length: 200}, (_, n) => `${n}.jpg`).sort());
		expect(String(await readFile(join(root, '3/10.jpg')))).toBe('10');
	});

	it('leaves a file with the same bytes alone, and replaces one with others of the same length', async () => {
		await put('a/b.jpg');
		// Not the inode: a new file may get that of the one it replaced.
		await utimes(join(root, 'a/b.jpg'), 1000, 1000);
		await put('a/b.jpg');
		await directoryStore(root).put('a/b.jpg', photo, {n: 0, signal});
		expect((await stat(join(root, 'a/b.jpg'))).mtimeMs).toBe(1_000_000);

		const other = randomBytes(photo.length);
		await put('a/b.jpg', other);
		expect(other.equals(await readFile(join(root, 'a/b.jpg')))).toBe(true);
	});

	it('replaces a link instead of writing through it', async () => {
		const victim = join(root, '../victim');
		await writeFile(victim, photo);
		await mkdir(root);
		await symlink(victim, join(root, 'a.jpg'));
		await put('a.jpg', Buffer.from('new'));
		expect(photo.equals(await readFile(victim))).toBe(true);
		expect(String(await readFile(join(root, 'a.jpg')))).toBe('new');
	});

	it('shows readers the old or the new bytes, never a part', async () => {
		const bodies = [Buffer.alloc(2_000_000, 1), Buffer.alloc(2_000_000, 2)] as const;
		await put('a', bodies[0]);
		const writing = {isOn: true};
		const seen = new Set<string>();
		const watch = (async () => {
			while (writing.isOn) seen.add(sha256(await readFile(join(root, 'a'))));
		})();
		for (let n = 1; n < 20; n++) await put('a', bodies[n % 2 === 0 ? 0 : 1]);
		writing.isOn = false;
		await watch;
		expect([...seen].filter(hash => !bodies.map(sha256).includes(hash))).toEqual([]);
	});

	it('makes a folder again that was removed meanwhile', async () => {
		await put('a/b.jpg');
		await rm(join(root, 'a'), {recursive: true});
		await put('a/c.jpg');
		expect(await list()).toEqual(['c.jpg']);
	});

	it('removes the folders that a removal leaves empty, but no other one and never its own', async () => {
		for (const key of ['a/b/c/1', 'a/b/c/2', 'a/d/3']) await store.create(key, 'x');
		await rm(join(root, '.twolane'), {recursive: true});
		const folders = async (): Promise<string[]> =>
			(await readdir(root, {recursive: true, withFileTypes: true}))
				.filter(entry => entry.isDirectory())
				.map(({name}) => name)
				.sort();
		await store.remove('a/b/c/1');
		expect(await folders()).toEqual(['a', 'b', 'c', 'd']);
		await store.remove('a/b/c/2');
		expect(await folders()).toEqual(['a', 'd']);
		await mkdir(join(root, 'a/mine'));
		await store.remove('a/d/3');
		await store.remove('a/mine/never');
		expect(await folders()).toEqual(['a', 'mine']);
		await store.create('x', '');
		await store.remove('x');
		expect((await stat(root)).isDirectory()).toBe(true);
	});

	it('leaves a link to a folder where it is, and what it leads to', async () => {
		const elsewhere = join(root, '../elsewhere');
		await mkdir(elsewhere);
		await mkdir(root);
		await symlink(elsewhere, join(root, 'link'));
		await store.create('link/a', 'x');
		await store.remove('link/a');
		expect(await readdir(elsewhere)).toEqual([]);
		await store.create('link/b', 'x');
		expect(await readdir(elsewhere)).toEqual(['b']);
	});

	it.each<[string, (key: string) => Promise<unknown>]>([
		['create', key => store.create(key, 'x')],
		['put', key => store.put(key, Buffer.from('x'), {n: 0, signal})],
		[
			'write',
			key =>
				store.write(
					key,
					(async function* () {
						yield 'x';
					})(),
				),
		],
		[
			'replace',
			async key => {
				await store.create(key, 'old');
				expect(await store.replace(key, 'x', {etag: sha256(Buffer.from('old'))})).toBe(true);
			},
		],
	])('makes folders again that others remove meanwhile as empty ones: %s', async (_, write) => {
		const rounds = Array.from({length: 30}, (__, n) => n);
		await Promise.all(
			['a/b/c/1', 'a/b/c/2', 'a/b/3', 'a/d/4'].map(async key => {
				for (const n of rounds) {
					await write(key);
					expect(String((await store.get(key))?.body), `round ${n}`).toBe('x');
					await store.remove(key);
				}
			}),
		);
		expect(await readdir(root)).toEqual(['.twolane']);
	});

	it.each(['', '.', '..', '../a', 'a/../../b', '/etc/a', 'a//b', 'a/', 'a/./b', 'a\0b', 'a\\..\\b'])(
		'refuses the key %j, which is our own bug',
		async key => {
			await expect(put(key)).rejects.toMatchObject({code: 'INTERNAL'});
			await expect(readdir(root)).rejects.toMatchObject({code: 'ENOENT'});
		},
	);

	it('fails for good where a file or a folder is in the way, or a name is too long, and leaves nothing behind', async () => {
		await put('file');
		await put('folder/file');
		for (const key of ['file/below', 'folder', `${'x'.repeat(300)}.jpg`, `${'x'.repeat(300)}/a.jpg`]) {
			await expect(put(key), key).rejects.toMatchObject({name: 'TwolaneError', code: 'STORE_FAILED', retryable: false});
		}
		expect(await list()).toEqual(['file', 'file']);
	});

	it('is not confused by a root that is a file', async () => {
		await writeFile(root, '');
		await expect(put('a')).rejects.toMatchObject({code: 'STORE_FAILED', retryable: false});
	});

	it('writes nothing once it is aborted', async () => {
		await expect(put('a', photo, AbortSignal.abort('stop'))).rejects.toBe('stop');
		const stop = new AbortController();
		const putting = put('a', photo, stop.signal);
		stop.abort('stop');
		await expect(putting).rejects.toBe('stop');
		expect(await list()).toEqual([]);
	});
});
