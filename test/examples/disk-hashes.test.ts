import {mkdir, symlink, utimes, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import {run} from 'twolane';
import sha256 from '../../examples/disk-hashes.sha256.ts';
import {hashes} from '../../examples/disk-hashes.ts';
import {runExample, temporaryFolder} from './run-example.ts';

// FIPS 180-2, appendix B, and the hash of nothing.
const vectors: Readonly<Record<string, {readonly content: string; readonly sha256: string}>> = {
	'empty.txt': {content: '', sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'},
	'abc.txt': {content: 'abc', sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'},
	'deep/two-blocks.txt': {
		content: 'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
		sha256: '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
	},
	'deep/million.txt': {content: 'a'.repeat(1_000_000), sha256: 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'},
};

async function writeVectors(folder: string): Promise<void> {
	await mkdir(join(folder, 'deep'));
	for (const [name, {content}] of Object.entries(vectors)) await writeFile(join(folder, name), content);
	await symlink('abc.txt', join(folder, 'link.txt'));
}

const sums = (folder: string): string[] =>
	Object.entries(vectors)
		.map(([name, vector]) => `${vector.sha256}  ${join(folder, name)}`)
		.toSorted();
const linesOf = (stdout: string): string[] => stdout.trim().split('\n').toSorted();

describe('the disk hashes example', () => {
	test('hashes every regular file on the threads, and fails the one that is gone', async () => {
		await using folder = await temporaryFolder();
		await writeVectors(folder.path);
		const files = [...Object.keys(vectors), 'gone.txt'].map(name => ({file: join(folder.path, name)}));

		const found: Record<string, string> = {};
		for await (const outcome of run(hashes, files, {out: join(folder.path, 'hashes')})) {
			const name = outcome.item.file.slice(folder.path.length + 1);
			if (outcome.status === 'succeeded') found[name] = outcome.result.sha256;
			if (outcome.status === 'failed') found[name] = outcome.error.code;
		}

		expect(found).toEqual({
			...Object.fromEntries(Object.entries(vectors).map(([name, vector]) => [name, vector.sha256])),
			'gone.txt': 'TRANSFORM_FAILED',
		});
	});

	test('prints what sha256sum prints, and does nothing again when it is called again', async () => {
		await using folder = await temporaryFolder();
		await mkdir(join(folder.path, 'in'));
		await writeVectors(join(folder.path, 'in'));
		const file = join(folder.path, 'in/abc.txt');
		await utimes(file, 1, 1);
		const first = await runExample('disk-hashes', ['in'], {cwd: folder.path});
		expect(first).toMatchObject({exitCode: 0});
		expect(linesOf(first.stdout)).toEqual(sums('in'));

		// Of the same length and time: only who reads the file again can see that it is another one.
		await writeFile(file, 'xyz');
		await utimes(file, 1, 1);
		const second = await runExample('disk-hashes', ['in'], {cwd: folder.path});
		expect({exitCode: second.exitCode, lines: linesOf(second.stdout)}).toEqual({exitCode: 0, lines: sums('in')});
	});

	test('hashes again when a file was added, also where its own records lie in the folder', async () => {
		await using folder = await temporaryFolder();
		await writeVectors(folder.path);
		const call = async () => linesOf((await runExample('disk-hashes', [], {cwd: folder.path})).stdout);
		expect(await call()).toEqual(sums('.'));
		await writeFile(join(folder.path, 'more.txt'), 'abc');
		expect(await call()).toEqual([...sums('.'), `${vectors['abc.txt']?.sha256}  more.txt`].toSorted());
	});

	test('makes nothing of an empty folder', async () => {
		await using folder = await temporaryFolder();
		await mkdir(join(folder.path, 'in'));
		expect(await runExample('disk-hashes', ['in'], {cwd: folder.path})).toMatchObject({stdout: '', exitCode: 0});
	});

	test('streams: its stage rejects with the reason when a file cannot be opened', async () => {
		await expect(sha256({file: '/no/such/file'})).rejects.toThrow('ENOENT');
	});
});
