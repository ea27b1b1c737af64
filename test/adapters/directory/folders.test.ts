import {mkdtemp, readdir, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {makeFolder, rememberFolders, withFolder} from '../../../src/adapters/directory/folders.ts';

let root: string;

beforeEach(async () => {
	root = await mkdtemp(join(tmpdir(), 'twolane-folders-'));
});

afterEach(() => rm(root, {recursive: true, force: true}));

it('makes a folder and those above it, and says whether it is new', async () => {
	expect(await makeFolder(join(root, 'a/b/c'))).toBe(true);
	expect(await makeFolder(join(root, 'a/b/c'))).toBe(false);
	expect(await makeFolder(join(root, 'a/b'))).toBe(false);
	expect(await makeFolder('/')).toBe(false);
	expect((await stat(join(root, 'a/b/c'))).isDirectory()).toBe(true);
});

it('says to one of many that it is new', async () => {
	const made = await Promise.all(Array.from({length: 20}, () => makeFolder(join(root, 'x/y'))));
	expect(made.filter(Boolean)).toEqual([true]);
});

it('fails below a file, and where no folders can be made, instead of trying for ever', async () => {
	await writeFile(join(root, 'file'), '');
	await expect(makeFolder(join(root, 'file/a/b'))).rejects.toMatchObject({code: 'ENOTDIR'});
	// Where there is no /proc, nobody may make one.
	if (process.platform === 'linux') await expect(makeFolder('/proc/twolane/a/b')).rejects.toMatchObject({code: 'ENOENT'});
});

it('makes a folder for the work as often as somebody removes it meanwhile', async () => {
	const path = join(root, 'a/b/file');
	let removals = 5;
	await withFolder(path, async () => {
		if (removals-- > 0) await rm(join(root, 'a'), {recursive: true, force: true});
		await writeFile(path, 'x');
	});
	expect(await readdir(join(root, 'a/b'))).toEqual(['file']);
});

it('gives up where the work does not find the folder, however often it is made', async () => {
	await expect(withFolder(join(root, 'a/file'), () => stat(join(root, 'never')))).rejects.toMatchObject({code: 'ENOENT'});
});

it('remembers what it made, without another look', async () => {
	const make = rememberFolders();
	expect(await make(join(root, 'a'))).toBe(true);
	await rm(join(root, 'a'), {recursive: true});
	expect(await make(join(root, 'a'))).toBe(false);
	expect(await readdir(root)).toEqual([]);
});
