import {mkdir, mkdtemp, rm, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import fc from 'fast-check';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {walkFolder, type WalkOptions} from '../../../src/adapters/files/walk-folder.ts';

let root: string;

beforeEach(async () => {
	root = await mkdtemp(join(tmpdir(), 'twolane-walk-'));
});

afterEach(async () => {
	await rm(root, {recursive: true, force: true});
});

async function plant(folder: string, paths: readonly string[]): Promise<void> {
	for (const path of paths) {
		await mkdir(dirname(join(folder, path)), {recursive: true});
		await writeFile(join(folder, path), '');
	}
}

const walk = (options: Partial<WalkOptions> = {}): Promise<string[]> => Array.fromAsync(walkFolder({root, ...options}));

describe('walkFolder', () => {
	it('finds nothing in an empty folder, and one file in a folder of one', async () => {
		expect(await walk()).toEqual([]);
		await plant(root, ['a.jpg']);
		expect(await walk()).toEqual(['a.jpg']);
	});

	it('orders whole paths by code units, whatever stands before the slash', async () => {
		await plant(root, ['a/z.jpg', 'a-b.jpg', 'a.jpg', 'a0.jpg', 'B.jpg', 'a/b/c.jpg', 'a/b.jpg', 'é.jpg', 'empty/.hidden']);
		expect(await walk()).toEqual(['B.jpg', 'a-b.jpg', 'a.jpg', 'a/b.jpg', 'a/b/c.jpg', 'a/z.jpg', 'a0.jpg', 'é.jpg']);
	});

	it('finds every file of any tree once, in the order of a plain sort', async () => {
		const name = fc.string({unit: fc.constantFrom('a', 'b', '-', '0', ' ', 'é', '𝄞'), minLength: 1, maxLength: 3});
		const tree = fc.array(fc.array(name, {minLength: 1, maxLength: 3}), {maxLength: 12});
		let run = 0;
		await fc.assert(
			fc.asyncProperty(tree, async paths => {
				const folder = join(root, String(run++));
				await mkdir(folder);
				// Files end in .f and folders do not, so that no path is both.
				const files = [...new Set(paths.map(parts => `${parts.join('/')}.f`))];
				await plant(folder, files);
				expect(await walk({root: folder})).toEqual(files.toSorted());
			}),
			{numRuns: 50},
		);
	});

	it('leaves out dot-files, dot-folders and links', async () => {
		await plant(root, ['a.jpg', '.b.jpg', '.twolane/runs/c.jpg', 'd/.e/f.jpg']);
		await symlink(join(root, 'a.jpg'), join(root, 'link.jpg'));
		await symlink(join(root, 'd'), join(root, 'linked'));
		expect(await walk()).toEqual(['a.jpg']);
	});

	it('leaves out the excluded folders, also when they are named through a link, and nothing that only looks like them', async () => {
		await plant(root, ['a.jpg', 'out/b.jpg', 'out/c/d.jpg', 'out-2/e.jpg', 'x/out/f.jpg', 'x/state/g.jpg']);
		const link = `${root}-link`;
		await symlink(root, link);
		try {
			const left = ['a.jpg', 'out-2/e.jpg', 'x/out/f.jpg'];
			expect(await walk({exclude: [join(root, 'out'), join(root, 'x/state/'), join(root, 'missing')]})).toEqual(left);
			expect(await walk({exclude: [join(link, 'out'), join(link, 'x/state')]})).toEqual(left);
			expect(await walk({root: link, exclude: [join(root, 'out'), join(root, 'x/state')]})).toEqual(left);
		} finally {
			await rm(link);
		}
	});

	it('takes only the wanted extensions and counts the others', async () => {
		await plant(root, ['a.jpg', 'b.JPG', 'c.txt', 'd/e.png', 'd/jpg', 'f.jpg.gz']);
		const leftOut: string[] = [];
		expect(await walk({extensions: ['jpg', 'png'], onLeftOut: path => leftOut.push(path)})).toEqual(['a.jpg', 'b.JPG', 'd/e.png']);
		expect(leftOut).toEqual(['c.txt', 'd/jpg', 'f.jpg.gz']);
	});

	it('lists a folder only when it comes to it', async () => {
		await plant(root, ['a/1.jpg', 'b/2.jpg']);
		const walking = walkFolder({root});
		expect(await walking.next()).toEqual({value: 'a/1.jpg', done: false});
		await plant(root, ['b/3.jpg']);
		expect(await Array.fromAsync(walking)).toEqual(['b/2.jpg', 'b/3.jpg']);
	});

	it('says which folder cannot be listed', async () => {
		await expect(walk({root: join(root, 'missing')})).rejects.toMatchObject({code: 'FILE_NOT_FOUND'});
		await plant(root, ['a.jpg']);
		await expect(walk({root: join(root, 'a.jpg')})).rejects.toMatchObject({code: 'FILE_UNREADABLE'});
	});
});
