import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {sourceOrBuilt} from '../../../src/adapters/pool/source-or-built.ts';

let folder: string;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'twolane-'));
	await writeFile(join(folder, 'source.ts'), '');
	await writeFile(join(folder, 'built.js'), '');
});
afterAll(() => rm(folder, {recursive: true}));

const url = (name: string): URL => new URL(name, pathToFileURL(`${folder}/`));

describe('sourceOrBuilt', () => {
	it('opens the source where it lies', () => {
		expect(sourceOrBuilt(url('source.ts')).href).toBe(url('source.ts').href);
	});

	it('opens what was built beside it where it does not', () => {
		expect(sourceOrBuilt(url('built.ts')).href).toBe(url('built.js').href);
	});

	it('leaves every other file as it is', () => {
		for (const name of ['a.js', 'a.mjs', 'a.tsx', 'a']) expect(sourceOrBuilt(url(name)).href).toBe(url(name).href);
	});

	it('does not take a .ts inside of the path for the end', () => {
		expect(sourceOrBuilt(url('a.ts.d/built.ts')).href).toBe(url('a.ts.d/built.js').href);
	});
});
