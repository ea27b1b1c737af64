import {mkdir, mkdtemp, rm, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import fc from 'fast-check';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {listFiles} from '../../../src/adapters/directory/list-files.ts';

let root: string;

beforeEach(async () => {
	root = await mkdtemp(join(tmpdir(), 'twolane-list-'));
});

afterEach(() => rm(root, {recursive: true, force: true}));

async function write(key: string): Promise<void> {
	await mkdir(dirname(join(root, key)), {recursive: true});
	await writeFile(join(root, key), key);
}
const list = async (prefix: string, after?: string): Promise<string[]> =>
	(await Array.fromAsync(listFiles(root, prefix, after))).map(({key}) => key);

const byBytes = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));

describe('listFiles', () => {
	it('lists any tree as a sorted list of keys would be, for any prefix and start', async () => {
		// Few letters, so that names begin alike; beyond ASCII, where the order of UTF-16 is not that of bytes.
		const name = fc.stringMatching(/^[-.0a_é\u{FF5E}\u{1F600}]{1,3}$/u).filter(text => text !== '.' && text !== '..');
		const key = fc.array(name, {minLength: 1, maxLength: 3}).map(parts => parts.join('/'));
		const tree = fc.uniqueArray(key, {maxLength: 12}).map(keys => keys.filter(one => !keys.some(other => other.startsWith(`${one}/`))));
		await fc.assert(
			fc.asyncProperty(tree, fc.array(key, {maxLength: 3}), fc.nat(5), async (keys, others, cut) => {
				for (const one of keys) await write(one);
				const starts = [...keys, ...others];
				const prefixes = ['', ...starts.map(one => Array.from(one).slice(0, cut).join('')), ...starts.map(one => `${one}/`)];
				for (const prefix of prefixes) {
					const expected = keys.filter(one => one.startsWith(prefix)).sort(byBytes);
					expect(await list(prefix)).toEqual(expected);
					for (const after of starts) expect(await list(prefix, after)).toEqual(expected.filter(one => byBytes(one, after) > 0));
				}
				await rm(root, {recursive: true});
				await mkdir(root);
			}),
			{numRuns: 60},
		);
	});

	it('leaves out links, folders and temporary files', async () => {
		await write('a/file');
		await write('a/.5-0123abcd-89abcdef-0.tmp');
		await write('a/own.tmp');
		await mkdir(join(root, 'a/folder'));
		await symlink(join(root, 'a/file'), join(root, 'a/link'));
		await symlink(join(root, 'a'), join(root, 'a/loop'));
		await symlink(join(root, 'nowhere'), join(root, 'a/broken'));
		expect(await list('')).toEqual(['a/file', 'a/own.tmp']);
	});

	it('finds nothing where no folder is, and below a file', async () => {
		await write('file');
		expect(await list('folder/')).toEqual([]);
		expect(await list('file/')).toEqual([]);
		expect(await list(`${'x'.repeat(300)}/`)).toEqual([]);
	});
});
