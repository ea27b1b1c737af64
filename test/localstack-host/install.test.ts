import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdir, readFile, readdir, rm, utimes, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {setTimeout as wait} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {describe, expect, test} from 'vitest';
import {install} from '../../localstack/install.ts';
import {type FakePython, writePython} from './fake-python.ts';
import {scratchFolder} from './scratch-folder.ts';

const HOUR_S = 60 * 60;

/** A cache, a PATH with one fake Python and a folder to install from. */
async function machine() {
	const home = await scratchFolder();
	const hostFolder = join(home, 'host');
	await mkdir(join(hostFolder, 'executor'), {recursive: true});
	await writeFile(join(hostFolder, 'requirements.txt'), 'boto3==1.42.72\n');
	await writeFile(join(hostFolder, 'executor/init.mjs'), '');
	const cache = join(home, 'cache');
	const bin = join(home, 'bin');
	const path = `${bin}:/usr/bin:/bin`;
	return {
		bin,
		cache,
		path,
		hostFolder,
		give: async (python: FakePython = {}) => await writePython(join(bin, 'python3.13'), python),
		install: async (onProgress?: (what: string) => void) =>
			await install({env: {XDG_CACHE_HOME: cache, PATH: path}, home, hostFolder, ...(onProgress && {onProgress})}),
		cached: async () => await readdir(join(cache, 'twolane')),
	};
}

describe('install', () => {
	test('makes an environment in the cache, and takes it as it is the next time', async () => {
		const here = await machine();
		await here.give();
		const said: string[] = [];
		const python = await here.install(what => said.push(what));
		expect(python).toBe(join(here.cache, 'twolane', (await here.cached())[0] ?? '', 'bin/python'));
		expect(said).toContain('Installing LocalStack (once, about a minute): Collecting boto3');
		await here.give({pip: 'fails'});
		expect(await here.install()).toBe(python);
	});

	test('makes another one for other requirements and for another executor', async () => {
		const here = await machine();
		await here.give();
		const first = await here.install();
		await writeFile(join(here.hostFolder, 'requirements.txt'), 'boto3==1.42.73\n');
		const second = await here.install();
		await writeFile(join(here.hostFolder, 'executor/init.mjs'), '// another one');
		const third = await here.install();
		expect(new Set([first, second, third]).size).toBe(3);
	});

	test('says what to install where there is no Python', async () => {
		const here = await machine();
		await writePython(join(here.bin, 'python3'), {version: '3 12'});
		const promise = install({env: {PATH: here.bin, XDG_CACHE_HOME: here.cache}, home: here.cache, hostFolder: here.hostFolder});
		await expect(promise).rejects.toThrow(/needs a Docker engine or Python 3\.13[^]*uv python install 3\.13/u);
	});

	test.each([
		['fails', 'No matching distribution found for boto3'],
		['forgets a package', "No module named 'jpype'"],
	] as const)('shows the last lines when pip %s, and leaves nothing', async (pip, line) => {
		const here = await machine();
		await here.give({pip});
		await expect(here.install()).rejects.toThrow(line);
		expect(await here.cached()).toEqual([]);
	});

	test('two at once end with one environment', async () => {
		const here = await machine();
		await here.give();
		const [one, other] = await Promise.all([here.install(), here.install()]);
		expect(one).toBe(other);
		expect(await here.cached()).toEqual([expect.stringMatching(/^localstack-[0-9a-f]{16}$/u)]);
	});

	test('makes it again when its Python has gone', async () => {
		const here = await machine();
		await here.give();
		const python = await here.install();
		await rm(python);
		expect(await here.install()).toBe(python);
		expect(await readFile(python, 'utf8')).toContain('#!/bin/sh');
		expect(await here.cached()).toHaveLength(1);
	});

	test('a kill in the middle leaves nothing that is taken for whole', async () => {
		const here = await machine();
		const pidFile = join(here.bin, 'pip.pid');
		await here.give({pip: 'hangs', pidFile});
		const script = fileURLToPath(new URL('install-here.ts', import.meta.url));
		const child = spawn(process.execPath, [script, here.cache, here.path, here.hostFolder], {stdio: 'inherit'});
		while (!(await readFile(pidFile, 'utf8').catch(() => '')).includes('\n')) await wait(10);
		child.kill('SIGKILL');
		await once(child, 'exit');
		process.kill(Number(await readFile(pidFile, 'utf8')), 'SIGKILL');
		const [draft = ''] = await here.cached();
		expect(draft).toMatch(/\.draft-/u);

		await here.give();
		const python = await here.install();
		expect(await here.cached()).toEqual([expect.not.stringContaining('draft'), draft]);
		// Younger than an hour it could be somebody's work in progress.
		const old = Date.now() / 1000 - HOUR_S - 1;
		await utimes(join(here.cache, 'twolane', draft), old, old);
		await rm(dirname(dirname(python)), {recursive: true});
		await here.install();
		expect(await here.cached()).toEqual([expect.not.stringContaining('draft')]);
	});
});
