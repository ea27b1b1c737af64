import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdir, mkdtemp, readdir, rm, utimes, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {directoryStore} from '../../../src/adapters/directory/store.ts';
import {isTemporary, removeLeftovers, temporaryFolderOf, temporaryNames} from '../../../src/adapters/directory/temporaries.ts';
import {createBarrier} from '../../support/barrier.ts';

let root: string;
let folder: string;

beforeEach(async () => {
	root = await mkdtemp(join(tmpdir(), 'twolane-temporaries-'));
	folder = join(root, '.twolane/tmp');
});

afterEach(() => rm(root, {recursive: true, force: true}));

/** The name that another process of this machine would have given. */
const nameOf = (pid: number): string => temporaryNames()().replace(String(process.pid), String(pid));

async function write(name: string, {ageMs = 0} = {}): Promise<void> {
	await mkdir(folder, {recursive: true});
	await writeFile(join(folder, name), 'half');
	const time = new Date(Date.now() - ageMs);
	await utimes(join(folder, name), time, time);
}

async function deadPid(): Promise<number> {
	const child = spawn(process.execPath, ['--version'], {stdio: 'ignore'});
	await once(child, 'exit');
	return child.pid ?? 0;
}

describe('temporary names', () => {
	it('are told from all others, carry the process id, and never repeat', () => {
		const [one, other] = [temporaryNames(), temporaryNames()];
		const names = [one(), one(), other()];
		expect(new Set(names).size).toBe(3);
		expect(names.every(name => isTemporary(name) && name.startsWith(`.${process.pid}-`))).toBe(true);
		expect(['a.tmp', '.tmp', '.1-2-3-4.tmp', 'part-1-2.jsonl', `x${names[0]}`].filter(isTemporary)).toEqual([]);
	});

	it('lie in the state folder', () => {
		expect(temporaryFolderOf('/out')).toBe('/out/.twolane/tmp');
		expect(temporaryFolderOf('/out/.twolane')).toBe('/out/.twolane/tmp');
	});
});

describe('removeLeftovers', () => {
	it('removes the files of dead processes, and the folders that then hold nothing', async () => {
		await write(nameOf(await deadPid()));
		await removeLeftovers(root);
		expect(await readdir(root)).toEqual([]);
	});

	it('leaves those of live processes, of its own, and whatever it does not know', async () => {
		const kept = [nameOf(process.ppid), nameOf(process.pid), 'notes.txt'];
		for (const name of kept) await write(name);
		await write(nameOf(await deadPid()));
		await removeLeftovers(root);
		expect((await readdir(folder)).sort()).toEqual(kept.sort());
	});

	it('removes what a process with our id left before we lived', async () => {
		await write(nameOf(process.pid), {ageMs: process.uptime() * 1000 + 3_600_000});
		await removeLeftovers(root);
		expect(await readdir(root)).toEqual([]);
	});

	it('leaves another machine a day', async () => {
		const [old, young] = ['.5-00000000-89abcdef-0.tmp', '.5-00000000-89abcdef-1.tmp'] as const;
		await write(old, {ageMs: 25 * 3_600_000});
		await write(young, {ageMs: 23 * 3_600_000});
		await removeLeftovers(root);
		expect(await readdir(folder)).toEqual([young]);
	});

	it('leaves the rest of the state, and minds nothing where nothing is', async () => {
		await removeLeftovers(join(root, 'missing'));
		await directoryStore(root).create('.twolane/runs/1/run.json', '{}');
		await removeLeftovers(root);
		expect(await readdir(join(root, '.twolane'))).toEqual(['runs']);
	});

	it('cleans the folder that was named instead', async () => {
		const store = directoryStore(root, {temporary: join(root, 'half')});
		await store.create('a', 'a');
		expect((await readdir(root)).sort()).toEqual(['a', 'half']);
		await writeFile(join(root, 'half', nameOf(await deadPid())), '');
		await removeLeftovers(root, {temporary: join(root, 'half')});
		expect(await readdir(root)).toEqual(['a']);
	});

	it('does not disturb a write of this process', async () => {
		const store = directoryStore(root);
		const barrier = createBarrier();
		const writing = store.write(
			'a',
			(async function* () {
				yield 'whole';
				await barrier.wait();
			})(),
		);
		await barrier.reached(1);
		await removeLeftovers(root);
		barrier.open();
		await writing;
		await removeLeftovers(root);
		await store.create('b', 'made again');
		expect((await readdir(root)).sort()).toEqual(['.twolane', 'a', 'b']);
	});
});
