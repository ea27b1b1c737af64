import {execFileSync} from 'node:child_process';
import {mkdir, mkdtemp, readdir, rm, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {directoryStore} from '../../../src/adapters/directory/store.ts';
import type {ObjectStore} from '../../../src/runs/object-store.ts';

let root: string;
let store: ObjectStore;

beforeEach(async () => {
	root = await mkdtemp(join(tmpdir(), 'twolane-reading-'));
	store = directoryStore(root);
});

afterEach(() => rm(root, {recursive: true, force: true}));

const readAll = async (key: string): Promise<Buffer> => Buffer.concat(await Array.fromAsync(store.read(key)));

describe('a directory store', () => {
	it.each([
		['a link to a file', (path: string) => symlink(join(root, 'file'), path)],
		['a link to nothing', (path: string) => symlink(join(root, 'nothing'), path)],
		['a folder', (path: string) => mkdir(path)],
		['a pipe', async (path: string) => void execFileSync('mkfifo', [path])],
	])('takes %s for no object, and leaves it alone', async (_, make) => {
		await writeFile(join(root, 'file'), 'text');
		await make(join(root, 'other'));
		expect(await store.get('other')).toBeUndefined();
		expect(await store.head('other')).toBeUndefined();
		await expect(readAll('other')).rejects.toMatchObject({code: 'STORE_FAILED', message: expect.stringContaining('there is no such file')});
		expect(await Array.fromAsync(store.list(''))).toMatchObject([{key: 'file', bytes: 4}]);
		expect(await store.create('other', 'new')).toBe(false);
		const {etag} = (await store.head('file')) ?? {etag: ''};
		expect(await store.replace('other', 'new', {etag})).toBe(false);
		await store.remove('other');
		expect((await readdir(root)).sort()).toEqual(['.twolane', 'file', 'other']);
	});

	it('makes nothing when it only reads', async () => {
		const empty = directoryStore(join(root, 'out'));
		expect([await empty.get('a'), await empty.head('a'), await Array.fromAsync(empty.list(''))]).toEqual([undefined, undefined, []]);
		await empty.remove('a/b');
		expect(await readdir(root)).toEqual([]);
	});

	it('lists its objects, not what is half written', async () => {
		await store.create('.twolane/runs/1/run.json', '{}');
		async function* chunks(): AsyncGenerator<string> {
			yield 'x';
			expect(await readdir(join(root, '.twolane/tmp'))).toHaveLength(1);
			expect(await Array.fromAsync(store.list(''))).toMatchObject([{key: '.twolane/runs/1/run.json', bytes: 2}]);
		}
		await store.write('a', chunks());
		expect((await Array.fromAsync(store.list(''))).map(({key}) => key)).toEqual(['.twolane/runs/1/run.json', 'a']);
	});

	it('goes on reading the object that it began, also when that is replaced', async () => {
		await store.create('a', Buffer.alloc(1_000_000, 'o'));
		let text = '';
		for await (const chunk of store.read('a')) {
			text += Buffer.from(chunk).toString();
			await store.write('a', chunksOf('new'));
		}
		expect(text).toBe('o'.repeat(1_000_000));
	});

	it.each(['../a', 'a/../b', '/etc/passwd', 'a//b', 'a\0b'])('refuses the key %j everywhere, which is our own bug', async key => {
		const internal = {code: 'INTERNAL'};
		await expect(store.get(key)).rejects.toMatchObject(internal);
		await expect(store.head(key)).rejects.toMatchObject(internal);
		await expect(readAll(key)).rejects.toMatchObject(internal);
		await expect(Array.fromAsync(store.list(`${key}/`))).rejects.toMatchObject(internal);
		await expect(store.create(key, '')).rejects.toMatchObject(internal);
		await expect(store.replace(key, '', {etag: ''})).rejects.toMatchObject(internal);
		await expect(store.write(key, chunksOf(''))).rejects.toMatchObject(internal);
		await expect(store.remove(key)).rejects.toMatchObject(internal);
	});
});

async function* chunksOf(...chunks: readonly string[]): AsyncGenerator<string> {
	yield* chunks;
}
