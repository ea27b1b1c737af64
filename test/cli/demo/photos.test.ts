import {mkdir, mkdtemp, readFile, readdir, rm, stat, utimes, writeFile} from 'node:fs/promises';
import {homedir, tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {temporaryFolderOf, temporaryNames} from '../../../src/adapters/directory/temporaries.ts';
import {defaultPhotoDirectory} from '../../../src/cli/demo/photo-folder.ts';
import {DIFFERENT_PHOTOS, planPhoto} from '../../../src/cli/demo/photo.ts';
import {makePhotos} from '../../../src/cli/demo/photos.ts';
import renderPhoto from '../../../src/cli/demo/render-photo.ts';

let directory: string;
beforeEach(async () => {
	directory = await mkdtemp(join(tmpdir(), 'twolane-photos-'));
});
afterEach(() => rm(directory, {recursive: true}));

const read = (name: string) => readFile(join(directory, name));
/** All but the place of half-written ones, which the next making takes away. */
const listPhotos = async () => (await readdir(directory)).filter(name => name !== '.twolane');

describe('makePhotos', () => {
	test('makes the folder and nothing in it when no photo is asked for', async () => {
		const folder = join(directory, 'deep', 'down');
		const onProgress = vi.fn<(done: number, total: number) => void>();
		expect(await makePhotos({directory: folder, count: 0, onProgress})).toEqual([]);
		expect(await readdir(folder)).toEqual([]);
		expect(onProgress.mock.calls).toEqual([[0, 0]]);
	});

	test('makes what is asked for, tells how far it is, and describes what it made', async () => {
		const onProgress = vi.fn<(done: number, total: number) => void>();
		const photos = await makePhotos({directory, count: 4, onProgress});
		expect(await listPhotos()).toEqual(photos.map(({name}) => name));
		expect(onProgress.mock.calls).toEqual([0, 1, 2, 3, 4].map(done => [done, 4]));
		const {name, width, height, format, orientation} = planPhoto(2);
		expect(photos[2]).toEqual({name, width, height, format, orientation});
	});

	test('makes photo k alike whatever the count, and on any thread', async () => {
		const photos = await makePhotos({directory, count: 3});
		for (const [k, {name}] of photos.entries()) expect(Buffer.compare(await read(name), await renderPhoto(k))).toBe(0);
	});

	test('makes only what is missing', async () => {
		const [first, second] = await makePhotos({directory, count: 2});
		await writeFile(join(directory, first!.name), 'kept');
		await rm(join(directory, second!.name));
		const onProgress = vi.fn<(done: number, total: number) => void>();
		await makePhotos({directory, count: 2, onProgress});
		expect(String(await read(first!.name))).toBe('kept');
		expect((await stat(join(directory, second!.name))).size).toBeGreaterThan(50_000);
		expect(onProgress.mock.calls).toEqual([
			[1, 2],
			[2, 2],
		]);
	});

	test('removes what a killed making left behind, and nothing that may be at work', async () => {
		const folder = temporaryFolderOf(directory);
		const nextName = temporaryNames();
		const [old, young] = [nextName(), nextName()];
		await mkdir(folder, {recursive: true});
		for (const name of [old, young]) await writeFile(join(folder, name), 'half');
		// Before this process began: another one had its number.
		await utimes(join(folder, old), new Date(0), new Date(0));
		await makePhotos({directory, count: 0});
		expect(await readdir(folder)).toEqual([young]);
	});

	test('lets two makings at once end with the same photos', async () => {
		const [one, other] = await Promise.all([makePhotos({directory, count: 2}), makePhotos({directory, count: 2})]);
		expect(one).toEqual(other);
		expect(await listPhotos()).toEqual(one.map(({name}) => name));
		expect(Buffer.compare(await read(one[0]!.name), await renderPhoto(0))).toBe(0);
	});

	test('repeats pictures under new names after the 200th, without taking room', async () => {
		const count = DIFFERENT_PHOTOS + 2;
		// The different ones stand in for real photos: 200 would take half a minute.
		await Promise.all(Array.from({length: DIFFERENT_PHOTOS}, (_, k) => writeFile(join(directory, planPhoto(k).name), `picture ${k}`)));
		const photos = await makePhotos({directory, count});
		expect(photos).toHaveLength(count);
		expect(String(await read(planPhoto(DIFFERENT_PHOTOS + 1).name))).toBe('picture 1');
		expect((await stat(join(directory, planPhoto(1).name))).nlink).toBe(2);
	});

	test('does nothing when it is aborted before it starts', async () => {
		const folder = join(directory, 'never');
		await expect(makePhotos({directory: folder, count: 3, signal: AbortSignal.abort(new Error('stop'))})).rejects.toThrow('stop');
		expect(await readdir(directory)).toEqual([]);
	});

	test('begins no further photo once it is aborted, and leaves only whole ones', async () => {
		const stop = new AbortController();
		const onProgress = (done: number) => void (done === 1 && stop.abort(new Error('enough')));
		await expect(makePhotos({directory, count: 50, onProgress, signal: stop.signal})).rejects.toThrow('enough');
		const names = await listPhotos();
		expect(names.length).toBeLessThan(50);
		for (const name of names) {
			const k = Number(/\d+/u.exec(name)?.[0]) - 1;
			expect(Buffer.compare(await read(name), await renderPhoto(k))).toBe(0);
		}
	});

	test('says which folder cannot be used, and what to do', async () => {
		const file = join(directory, 'a-file');
		await writeFile(file, '');
		await expect(makePhotos({directory: join(file, 'photos'), count: 1})).rejects.toMatchObject({
			code: 'STORE_DENIED',
			message: expect.stringMatching(/a-file.*ENOTDIR.*XDG_CACHE_HOME/u) as string,
		});
	});

	test.each([-1, 1.5, Number.NaN, Infinity])('refuses a count of %d', async count => {
		await expect(makePhotos({directory, count})).rejects.toThrow(RangeError);
	});
});

describe('defaultPhotoDirectory', () => {
	test('lies in the cache folder the environment names', () => {
		expect(defaultPhotoDirectory({XDG_CACHE_HOME: '/var/cache/me'})).toBe('/var/cache/me/twolane/photos-v1');
	});

	test.each([undefined, '', 'not/absolute'])('lies in ~/.cache when XDG_CACHE_HOME is %j', given => {
		expect(defaultPhotoDirectory({XDG_CACHE_HOME: given})).toBe(join(homedir(), '.cache', 'twolane', 'photos-v1'));
	});
});
