import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {createPool} from '../../../src/adapters/pool/pool.ts';
import {callOf} from '../../support/thread-calls.ts';

let folder: string;
const pool = createPool({threads: 1});
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'twolane-'));
});
afterAll(async () => {
	await pool[Symbol.asyncDispose]();
	await rm(folder, {recursive: true});
});

async function run(name: string, source: string) {
	const file = join(folder, name);
	await writeFile(file, source);
	return pool.run({...callOf('echo', 'https://example.com'), file: pathToFileURL(file)});
}

it('lets a transform outside of any project import what twolane imports', async () => {
	const source = `import {z} from 'zod';\nexport default text => z.url().safeParse(text).success;`;
	expect(await run('lonely.mjs', source)).toMatchObject({ok: true, value: true});
});

it('says which package is missing when nobody has it', async () => {
	const ending = await run('missing.mjs', `import 'no-such-package-at-all';\nexport default () => 1;`);
	expect(ending).toMatchObject({ok: false, error: {code: 'TRANSFORM_FAILED', message: expect.stringContaining('no-such-package-at-all')}});
});

it('does not look elsewhere for a file that is missing beside the transform', async () => {
	const ending = await run('relative.mjs', `import './not-here.mjs';\nexport default () => 1;`);
	expect(ending).toMatchObject({ok: false, error: {code: 'TRANSFORM_FAILED', message: expect.stringContaining('not-here.mjs')}});
});
