import {chmod, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import {findPython} from '../../localstack/find-python.ts';
import {writePython, writeShim} from './fake-python.ts';
import {scratchFolder} from './scratch-folder.ts';

/** A machine whose PATH is one folder; the fakes need only the shell itself. */
const machine = async () => {
	const home = await scratchFolder();
	const bin = join(home, 'bin');
	return {home, bin, env: {PATH: bin}};
};

describe('findPython', () => {
	test('finds none on a machine without', async () => {
		expect(await findPython(await machine())).toBeUndefined();
	});

	test('takes python3.13 of the PATH', async () => {
		const place = await machine();
		await writePython(join(place.bin, 'python3.13'));
		expect(await findPython(place)).toBe(join(place.bin, 'python3.13'));
	});

	test('takes no Python that is too old, makes no virtual environments or does not run', async () => {
		const place = await machine();
		await writePython(join(place.bin, 'python3'), {version: '3 12'});
		await writePython(join(place.bin, 'python3.13'), {hasEnsurepip: false});
		expect(await findPython(place)).toBeUndefined();
		await writeShim(join(place.bin, 'python3.13'));
		expect(await findPython(place)).toBeUndefined();
	});

	test("takes pyenv's newest 3.13 when the one on the PATH is only its shim", async () => {
		const place = await machine();
		await writeShim(join(place.bin, 'python3.13'));
		const versions = join(place.home, '.pyenv/versions');
		for (const version of ['3.12.1', '3.13.2', '3.13.11', '3.130.0']) await writePython(join(versions, version, 'bin/python'));
		expect(await findPython(place)).toBe(join(versions, '3.13.11/bin/python'));
	});

	test('takes the one that uv knows', async () => {
		const place = await machine();
		const python = join(place.home, 'of-uv/python3.13');
		await writePython(python);
		await writePython(join(place.bin, 'python3'), {version: '3 14'});
		await writeFile(join(place.bin, 'uv'), `#!/bin/sh\n[ "$*" = "python find --no-python-downloads 3.13" ] && echo ${python}\n`);
		await chmod(join(place.bin, 'uv'), 0o755);
		expect(await findPython(place)).toBe(python);
	});

	test('takes a newer one only where there is no 3.13', async () => {
		const place = await machine();
		await writePython(join(place.bin, 'python3'), {version: '3 14'});
		expect(await findPython(place)).toBe(join(place.bin, 'python3'));
		const exact = join(place.home, '.pyenv/versions/3.13.0/bin/python');
		await writePython(exact);
		expect(await findPython(place)).toBe(exact);
	});
});
