import {spawn} from 'node:child_process';
import {once} from 'node:events';
import type {Writable} from 'node:stream';
import {expect, it} from 'vitest';
import {currentPlace, currentProcess, findProcess, isSamePlace} from '../../../src/adapters/directory/processes.ts';

const platforms = ['linux', 'darwin', 'win32'] as const;

it('says who this process is, each time the same', async () => {
	const self = await currentProcess();
	expect(self).toMatchObject({pid: process.pid, parentPid: process.ppid, ...currentPlace()});
	expect(await currentProcess()).toEqual(self);
});

// `ps` answers on Linux as on macOS, and the id alone does everywhere.
it.each(platforms)('finds this process in the way of %s', async platform => {
	const found = await findProcess(process.pid, platform);
	expect(found).toEqual(platform === 'win32' ? {} : {parentPid: process.ppid, startedAt: expect.stringMatching(/\d/u)});
	expect(await findProcess(process.pid, platform)).toEqual(found);
});

it.each(platforms)('finds a child until it is killed, in the way of %s', async platform => {
	const child = spawn(process.execPath, ['--eval', 'process.stdin.resume()']);
	await once(child, 'spawn');
	const pid = child.pid ?? 0;
	const found = await findProcess(pid, platform);
	expect(found).toBeDefined();
	if (platform !== 'win32') expect(found?.parentPid).toBe(process.pid);
	child.kill('SIGKILL');
	await once(child, 'exit');
	expect(await findProcess(pid, platform)).toBeUndefined();
});

it('tells processes that were started after each other by their start', async () => {
	const child = spawn(process.execPath, ['--eval', 'process.stdin.resume()']);
	await once(child, 'spawn');
	const found = await findProcess(child.pid ?? 0);
	expect(found?.startedAt).not.toBe((await currentProcess()).startedAt);
	child.kill('SIGKILL');
	await once(child, 'exit');
});

it('counts a process that has ended but was not waited for as dead', async () => {
	// The shell becomes a process that never waits for the child it inherits; that one ends when we let it.
	const script = `cat <&3 & echo $!; exec "$0" --eval 'console.log("ready"); setInterval(() => {}, 1e6)'`;
	const shell = spawn('sh', ['-c', script, process.execPath], {stdio: ['ignore', 'pipe', 'inherit', 'pipe']});
	try {
		let output = '';
		for await (const chunk of shell.stdout ?? []) {
			output += String(chunk);
			if (output.includes('ready')) break;
		}
		const pid = Number.parseInt(output, 10);
		expect(await findProcess(pid)).toBeDefined();
		(shell.stdio[3] as Writable).end();
		await expect.poll(() => findProcess(pid), {interval: 5, timeout: 10_000}).toBeUndefined();
		// It is still in the table: the id alone would call it alive.
		expect(await findProcess(pid, 'win32')).toEqual({});
		expect(await findProcess(pid, 'darwin')).toBeUndefined();
	} finally {
		shell.kill('SIGKILL');
		await once(shell, 'exit');
	}
});

it('tells containers of one host', () => {
	const here = {host: 'box', pidNamespace: 'pid:[1]'};
	expect(isSamePlace(here, {...here})).toBe(true);
	expect(isSamePlace(here, {host: 'box', pidNamespace: 'pid:[2]'})).toBe(false);
	expect(isSamePlace(here, {host: 'box'})).toBe(false);
	expect(isSamePlace(here, {...here, host: 'other'})).toBe(false);
});
