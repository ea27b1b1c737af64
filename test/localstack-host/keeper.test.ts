import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {access, mkdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as wait} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {expect, test} from 'vitest';
import {listProcesses} from '../../localstack/processes.ts';
import {keep} from '../../localstack/start.ts';
import {scratchFolder} from './scratch-folder.ts';

/** In place of LocalStack: writes its log, leaves a frozen process in a session of its own, and goes on. */
const program = [
	process.execPath,
	'-e',
	`const {spawn} = require('node:child_process');
	const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {detached: true, stdio: 'ignore'});
	child.kill('SIGSTOP');
	console.log('sandbox ' + child.pid);
	setInterval(() => {}, 1000);`,
];

async function runFolder(): Promise<string> {
	const folder = join(await scratchFolder(), 'run');
	await mkdir(join(folder, 'tmp'), {recursive: true});
	return folder;
}

const environmentOf = (folder: string): Record<string, string> => ({PATH: process.env.PATH ?? '', TMPDIR: `${folder}/tmp`});

const processesOf = async (folder: string): Promise<readonly number[]> =>
	(await listProcesses()).filter(({environment}) => environment.get('TMPDIR') === `${folder}/tmp`).map(({pid}) => pid);

const exists = async (path: string): Promise<boolean> =>
	await access(path).then(
		() => true,
		() => false,
	);

async function untilLogged(folder: string, text: string): Promise<void> {
	while (!(await readFile(join(folder, 'localstack.log'), 'utf8').catch(() => '')).includes(text)) await wait(10);
}

test('stop ends the program with all it started, and removes its folder', async () => {
	const folder = await runFolder();
	const kept = await keep(program, {folder, env: environmentOf(folder)});
	await untilLogged(folder, 'sandbox');
	expect(await processesOf(folder)).toEqual(expect.arrayContaining([kept.pid]));
	await kept.stop();
	expect(await processesOf(folder)).toEqual([]);
	expect(await exists(folder)).toBe(false);
	await kept.stop();
});

test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('nothing is left when the process that started it dies of %s', async signal => {
	const folder = await runFolder();
	const script = fileURLToPath(new URL('keep-here.ts', import.meta.url));
	const parent = spawn(process.execPath, [script, folder, ...program], {stdio: ['ignore', 'pipe', 'inherit']});
	await once(parent.stdout, 'data');
	await untilLogged(folder, 'sandbox');
	expect((await processesOf(folder)).length).toBeGreaterThanOrEqual(2);
	parent.kill(signal);
	await once(parent, 'exit');
	while ((await exists(folder)) || (await processesOf(folder)).length > 0) await wait(10);
});

test('says that the program has ended by itself, and keeps its log until the stop', async () => {
	const folder = await runFolder();
	const kept = await keep([process.execPath, '-e', 'console.log("no such module"); process.exitCode = 5'], {
		folder,
		env: environmentOf(folder),
	});
	if (!kept.ended.aborted) await once(kept.ended, 'abort');
	expect(kept.ended.reason).toEqual(new Error('it ended by itself, 5'));
	expect(await readFile(kept.logFile, 'utf8')).toBe('no such module\n');
	await kept.stop();
	expect(await exists(folder)).toBe(false);
});

test('a program that does not exist is an error, and its folder goes', async () => {
	const folder = await runFolder();
	await expect(keep(['/no/such/program'], {folder, env: environmentOf(folder)})).rejects.toThrow('/no/such/program cannot be run');
	expect(await exists(folder)).toBe(false);
});
