import {type ChildProcess, fork, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, readFile, readdir, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {readOwner, takeOwnership} from '../../../src/adapters/directory/owner-lock.ts';
import {currentProcess} from '../../../src/adapters/directory/processes.ts';
import {directoryStore} from '../../../src/adapters/directory/store.ts';
import type {Answer, Order} from './own-folders.ts';

const program = fileURLToPath(new URL('own-folders.ts', import.meta.url));
const children = new Set<ChildProcess>();
const orphans = new Set<number>();
let root: string;
let folder: string;

beforeEach(async () => {
	root = await mkdtemp(join(tmpdir(), 'twolane-owner-'));
	folder = join(root, 'runs/ab12');
});

afterEach(async () => {
	await Promise.all([...children].map(kill));
	for (const pid of orphans) killOrphan(pid);
	await rm(root, {recursive: true, force: true});
});

function start(): ChildProcess {
	const child = fork(program, {execArgv: []});
	children.add(child);
	return child;
}

async function kill(child: ChildProcess): Promise<void> {
	children.delete(child);
	if (child.exitCode !== null || child.signalCode !== null) return;
	child.kill('SIGKILL');
	await once(child, 'exit');
}

function killOrphan(pid: number): void {
	orphans.delete(pid);
	process.kill(pid, 'SIGKILL');
}

async function ask(child: ChildProcess, order: Order): Promise<Answer> {
	const answered = once(child, 'message');
	child.send(order);
	const [answer] = (await answered) as [Answer];
	return answer;
}

async function take() {
	const turn = await takeOwnership(folder);
	if (!turn.isTaken) throw new Error(turn.message);
	return turn;
}

describe('takeOwnership', () => {
	it('makes the folder, and says in it who owns it', async () => {
		const {owner} = await take();
		expect(owner).toMatchObject(await currentProcess());
		expect(await readdir(folder)).toEqual(['owner-1.json']);
		expect(JSON.parse(await readFile(join(folder, 'owner-1.json'), 'utf8'))).toMatchObject({...owner, isReleased: false});
		expect(await readOwner(folder)).toEqual(owner);
	});

	it('gives the folder back, and to the next', async () => {
		const first = await take();
		await first.release();
		expect(await readOwner(folder)).toBeUndefined();
		const second = await take();
		await first.release();
		expect(await readOwner(folder)).toEqual(second.owner);
		await second[Symbol.asyncDispose]();
		expect(await readdir(folder)).toEqual(['owner-2.json']);
	});

	it('refuses a second process while the first one lives, and takes over once that is killed', async () => {
		const child = start();
		expect(await ask(child, {take: folder})).toMatchObject({isTaken: true});
		const refusal = await takeOwnership(folder, {what: 'run ab12'});
		expect(refusal).toMatchObject({
			isTaken: false,
			owner: {pid: child.pid, parentPid: process.pid},
			message: expect.stringMatching(new RegExp(`^Process ${child.pid} has been working on run ab12 `, 'u')),
		});
		expect(await readOwner(folder)).toMatchObject({pid: child.pid});
		await kill(child);
		expect(await readOwner(folder)).toBeUndefined();
		expect((await take()).owner.pid).toBe(process.pid);
	});

	it('takes over a folder whose owner had our id before us', async () => {
		const {owner} = await take();
		const file = join(folder, 'owner-1.json');
		await writeFile(file, (await readFile(file, 'utf8')).replace(String(owner.startedAt), '1'));
		expect(await readOwner(folder)).toBeUndefined();
		await take();
		expect(await readdir(folder)).toEqual(['owner-2.json']);
	});

	it('waits for an owner whose launcher was killed', async () => {
		const launcher = spawn(
			process.execPath,
			[
				'--eval',
				`const child = require('child_process').fork(${JSON.stringify(program)}); child.on('message', () => console.log(child.pid)); child.send({take: ${JSON.stringify(folder)}})`,
			],
			{stdio: ['ignore', 'pipe', 'inherit']},
		);
		const [line] = (await once(launcher.stdout, 'data')) as [Buffer];
		const orphan = Number(String(line));
		orphans.add(orphan);
		expect(await takeOwnership(folder)).toMatchObject({isTaken: false, owner: {pid: orphan, parentPid: launcher.pid}});

		launcher.kill('SIGKILL');
		await once(launcher, 'exit');
		const stop = new AbortController();
		const stopped = takeOwnership(folder, {signal: stop.signal});
		const waiting = takeOwnership(folder);
		stop.abort('stop');
		await expect(stopped).rejects.toBe('stop');
		expect(await readOwner(folder)).toMatchObject({pid: orphan});
		killOrphan(orphan);
		expect(await waiting).toMatchObject({isTaken: true, owner: {pid: process.pid}});
	});

	it('lets exactly one of two processes take over from a dead one, 150 times', async () => {
		const [dead, ...contenders] = [start(), start(), start()];
		const folders = Array.from({length: 150}, (_, n) => join(root, String(n)));
		for (const path of folders) await ask(dead, {take: path});
		await kill(dead);
		const winners: number[] = [];
		for (const path of folders) {
			const answers = await Promise.all(contenders.map(child => ask(child, {take: path})));
			winners.push(...answers.filter(({isTaken}) => isTaken).map(({pid}) => pid));
			expect(winners).toHaveLength(folders.indexOf(path) + 1);
			expect(await readOwner(path)).toMatchObject({pid: winners.at(-1)});
		}
	});

	it('can be had after a kill at any moment, and the killed one leaves nothing of its own', async () => {
		for (let round = 0; round < 20; round++) {
			const child = start();
			await ask(child, {cycle: folder});
			for (let turns = 0; turns < round % 5; turns++) await once(child, 'message');
			await kill(child);
			const turn = await take();
			expect(await readdir(folder)).toHaveLength(1);
			await turn.release();
		}
	});

	it('refuses what nobody can read, and leaves it as it is', {timeout: 30_000}, async () => {
		await directoryStore(folder).create('owner-1.json', '{"pid":');
		await expect(readOwner(folder)).rejects.toMatchObject({code: 'STORE_FAILED', message: expect.stringContaining('owner-1.json')});
		const stop = new AbortController();
		const taking = takeOwnership(folder, {signal: stop.signal});
		stop.abort('stop');
		await expect(taking).rejects.toBe('stop');
		expect(await readFile(join(folder, 'owner-1.json'), 'utf8')).toBe('{"pid":');
	});

	it('fails where no folder can be made', async () => {
		await writeFile(join(root, 'runs'), '');
		await expect(takeOwnership(folder)).rejects.toMatchObject({name: 'TwolaneError', code: 'STORE_FAILED', retryable: false});
	});
});

describe('readOwner', () => {
	it('finds nobody where nothing is, and makes nothing', async () => {
		expect(await readOwner(folder)).toBeUndefined();
		expect(await readdir(root)).toEqual([]);
	});
});
