import {execFileSync} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {copyFile, mkdir, readFile, readdir, rename, rm, truncate, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {type CliEnd, readKeptRun, runCli} from '../support/cli.ts';
import {type Copies, type Result, openCopies, readResults} from '../support/copies.ts';
import type {KillPoint} from '../support/kill-at.ts';

const ITEMS = 25;
/** Two shards are sealed, the third is not. */
const betweenSeals: KillPoint = {when: 'after', call: 'link', of: '/seals/1.json$'};
const afterCheckpoint: KillPoint = {when: 'after', call: 'link', of: '/part-'};

let copies: Copies;
let expected: readonly Result[];
let count = 0;
let out: string;

beforeAll(async () => {
	copies = await openCopies(ITEMS);
	await runCli(copies.words('undisturbed'), copies.options());
	expected = await readResults(copies.place, 'undisturbed');
});
afterAll(() => copies[Symbol.asyncDispose]());
beforeEach(() => void (out = `out-${++count}`));

const run = (...more: readonly string[]): Promise<CliEnd> => runCli(copies.words(out, '--quiet', ...more), copies.options());
const twolane = (...words: readonly string[]): Promise<CliEnd> => runCli(words, copies.options());

/** @returns the folder of a run that was killed. */
async function startAndKill(killAt: KillPoint): Promise<string> {
	copies.delay(n => (killAt === afterCheckpoint && n >= 5 ? 60_000 : 0));
	expect((await runCli(copies.words(out, '--quiet'), copies.options({killAt}))).exitCode).toBe(137);
	copies.delay(() => 0);
	const runs = join(copies.place.path, out, '.twolane/runs');
	return join(runs, (await readdir(runs))[0] ?? '');
}

/** One message without a stack, and nothing on stdout. */
const refusal = (message: RegExp) => ({
	exitCode: 3,
	stdout: '',
	stderr: expect.stringMatching(new RegExp(`^twolane: ${message.source}\n$`, 'u')) as string,
});

/** The file as it was. */
async function keep(file: string): Promise<() => Promise<void>> {
	const text = await readFile(file);
	return () => writeFile(file, text);
}

const edit = async (file: string, change: (text: string) => string): Promise<void> => writeFile(file, change(await readFile(file, 'utf8')));

/** What stands in the folder of records, but for locks: every attempt takes one. */
const recordsOf = async (): Promise<readonly string[]> =>
	(await copies.place.list(`${out}/.twolane`)).filter(name => !name.includes('/owner-')).toSorted();

async function findFile(folder: string, pattern: RegExp): Promise<string> {
	const names = (await readdir(folder, {recursive: true})).filter(name => pattern.test(name));
	expect(names).toHaveLength(1);
	return join(folder, names[0] ?? '');
}

async function expectComplete(): Promise<void> {
	expect(await run()).toMatchObject({exitCode: 1, stderr: ''});
	expect(await readResults(copies.place, out)).toEqual(expected);
}

describe('damage is told by the same command, which completes when it is repaired', () => {
	it.each([
		[
			'run.json changed by hand',
			'"skipInvalid": false',
			'"skipInvalid": true',
			/\S+\/run\.json was changed after the run was created\. .*--fresh\./u,
		],
		[
			'run.json of a newer version',
			'"version": 1',
			'"version": 2',
			/\S+\/run\.json has layout version 2, and this twolane knows 1: go on with the newer twolane that made it\..*/u,
		],
		['run.json that is no JSON', '{', '', /\S+\/run\.json is not JSON: it was cut off or changed\. .*/u],
	])('%s', async (_, text, other, message) => {
		const file = join(await startAndKill(betweenSeals), 'run.json');
		const repair = await keep(file);
		await edit(file, before => before.replace(text, other));
		const records = await recordsOf();
		expect(await run()).toEqual({...refusal(message), endedMs: expect.any(Number)});
		expect(await recordsOf()).toEqual(records);
		await repair();
		await expectComplete();
	});

	it('run.json of a run of another flow', async () => {
		const file = join(await startAndKill(betweenSeals), 'run.json');
		const repair = await keep(file);
		await writeFile(
			join(copies.place.path, 'other.ts'),
			(await readFile(join(copies.place.path, 'copies.ts'), 'utf8')).replace("'copies'", "'other'"),
		);
		const words = copies.words(`${out}-other`, '--quiet').map(word => (word === './copies.ts' ? './other.ts' : word));
		expect((await runCli(words, copies.options())).exitCode).toBe(1);
		const other = await readKeptRun(join(copies.place.path, `${out}-other`, '.twolane'));
		await copyFile(join(other.folder, 'run.json'), file);
		expect(await run()).toMatchObject(refusal(/\S+\/run\.json belongs to run \w+ of the flow 'other', not to the folder it lies in\..*/u));
		await repair();
		await expectComplete();
	});

	it('a plan that was cut off', async () => {
		const file = await findFile(await startAndKill(betweenSeals), /0\/plan\.json$/u);
		const repair = await keep(file);
		await truncate(file, 100);
		expect(await run()).toMatchObject(refusal(/\S+\/0\/plan\.json is not JSON: it was cut off or changed\. .*/u));
		await repair();
		await expectComplete();
	});

	it('a list of items that was cut off', async () => {
		const file = await findFile(await startAndKill(betweenSeals), /0\/items-\w+\.jsonl$/u);
		const repair = await keep(file);
		await edit(file, text => text.slice(0, text.lastIndexOf('{"n":23')));
		const asked = copies.requests.length;
		expect(await run()).toMatchObject(
			refusal(/\S+\/0\/items-\w+\.jsonl was cut off or changed: 3 items instead of 5 from byte \d+ on\. .*/u),
		);
		await repair();
		await expectComplete();
		expect(copies.requests.slice(asked).map(({id}) => id)).not.toContain('id-0');
	});

	it('a checkpoint that was cut off, which may also be removed as the message says', async () => {
		const folder = await startAndKill(afterCheckpoint);
		const file = await findFile(join(folder, '../../work'), /part-1-\d/u);
		await edit(file, text => text.slice(0, -10));
		const end = await run();
		expect(end).toMatchObject(
			refusal(
				/\S+\/part-\S+\.jsonl (?:was cut off: it has \d of \d rows|is damaged in line \d)\. Remove the file: the items it recorded are then run again when the run goes on\. .*/u,
			),
		);
		expect(end.stderr).toContain(file.slice(file.indexOf('/work/')));
		await rm(file);
		await expectComplete();
	});

	it('a seal that was changed', async () => {
		const file = join(await startAndKill(betweenSeals), '0/seals/1.json');
		const repair = await keep(file);
		await edit(file, text => text.replace('"shard": 1', '"shard": "one"'));
		expect(await run()).toMatchObject(refusal(/\S+\/0\/seals\/1\.json is not what it was written as: shard: .*/u));
		await repair();
		await expectComplete();
	});
});

describe('rows that are gone or changed', () => {
	it.each([
		['missing', (file: string) => rename(file, `${file}.bak`), /.*rows\/0-1-SUCCEEDED\.jsonl.*/u],
		['cut off', (file: string) => truncate(file, 500), /.*rows\/0-1-SUCCEEDED\.jsonl.*/u],
		[
			'edited',
			(file: string) => edit(file, text => text.replace('id-1"', 'id-x"')),
			/.*rows\/0-1-SUCCEEDED\.jsonl is not what was sealed: it was cut off or changed.*/u,
		],
	])('are told by whoever reads them: %s', async (_, damage, message) => {
		const folder = await startAndKill(betweenSeals);
		await expectComplete();
		const file = join(folder, '0/rows/0-1-SUCCEEDED.jsonl');
		const repair = await keep(file);
		await damage(file);
		const results = await twolane('results', folder);
		expect({exitCode: results.exitCode, stderr: results.stderr}).toEqual({exitCode: 3, stderr: refusal(message).stderr});
		const again = await run('--json');
		expect({exitCode: again.exitCode, stderr: again.stderr}).toEqual({exitCode: 3, stderr: refusal(message).stderr});
		await repair();
		await rm(`${file}.bak`, {force: true});
		await expectComplete();
	});
});

describe('a flow that was edited', () => {
	const file = (): string => join(copies.place.path, 'copies.ts');
	let repair: () => Promise<void>;
	beforeEach(async () => void (repair = await keep(file())));
	afterEach(() => repair());

	it('is not used to go on with a run', async () => {
		const folder = await startAndKill(betweenSeals);
		await edit(file(), text => `${text}\n// Better.`);
		expect(await twolane('resume', folder)).toMatchObject(
			refusal(/\S+\/copies\.ts has changed since run \w+ was created: its results would not fit together\. .*/u),
		);
		await repair();
		await expectComplete();
	});

	it('makes another run, which is said in one line', async () => {
		const folder = await startAndKill(betweenSeals);
		await edit(file(), text => `${text}\n// Better.`);
		const {exitCode, stderr} = await runCli(copies.words(out), copies.options());
		expect(exitCode).toBe(1);
		expect(stderr).toBe(`copies.ts has changed since ${folder.slice(copies.place.path.length + 1)}: this is a new run.\n`);
	});
});

it('--fresh starts another run beside one whose run.json is damaged', async () => {
	const file = join(await startAndKill(betweenSeals), 'run.json');
	await edit(file, text => text.replace('"skipInvalid": false', '"skipInvalid": true'));
	expect(await run('--fresh')).toMatchObject({exitCode: 1, stderr: ''});
	const listed = await twolane('ls', '--out', out);
	expect(listed.exitCode).toBe(0);
	expect(listed.stdout).toMatch(/^FAILED [\s\S]*\nDAMAGED .*run\.json was changed after the run was created/u);
});

const disk = mkdtempSync(join(tmpdir(), 'twolane-disk-'));
const mount = (...words: readonly string[]): void => void execFileSync('/bin/mount', [...words, disk], {stdio: 'ignore'});
const isMounted = ((): boolean => {
	try {
		mount('-t', 'tmpfs', '-o', 'size=1m', 'twolane');
		return true;
	} catch {
		return false;
	}
})();
afterAll(() => {
	if (isMounted) execFileSync('/bin/umount', [disk]);
	rmSync(disk, {recursive: true});
});

if (!isMounted) console.warn('Not tested here: a full disk and a read-only one, since mount is not allowed.');

describe.skipIf(!isMounted)('a command on a disk of 1 MB that is mounted for the test', () => {
	afterEach(async () => {
		mount('-o', 'remount,rw');
		for (const name of await readdir(disk)) await rm(join(disk, name), {recursive: true});
		mount('-o', 'remount,size=1m');
	});

	it('says that it is full, and completes when there is room', async () => {
		const large = 'x'.repeat(60_000);
		await writeFile(
			join(copies.place.path, 'large.ts'),
			(await readFile(join(copies.place.path, 'copies.ts'), 'utf8')).replace(
				"put('copy.txt', text)",
				`put('copy.txt', text.padEnd(${large.length}))`,
			),
		);
		const words = copies.words(join(disk, 'full'), '--quiet').map(word => (word === './copies.ts' ? './large.ts' : word));
		const end = await runCli(words, copies.options());
		expect(end).toMatchObject(refusal(/\S+ could not be written .*the disk is full.*/u));
		mount('-o', 'remount,size=10m');
		expect((await runCli(words, copies.options())).exitCode).toBe(1);
		const failed = (await readKeptRun(join(disk, 'full/.twolane'))).rows.FAILED.filter(({error}) => error?.code === 'STORE_FULL');
		if (failed.length > 0)
			expect((await twolane('redrive', '--out', join(disk, 'full'), '--only', 'STORE_FULL', '--quiet')).exitCode).toBe(1);
		const {rows} = await readKeptRun(join(disk, 'full/.twolane'));
		expect([rows.SUCCEEDED.length, rows.SKIPPED.length, rows.FAILED.length]).toEqual([20, 2, 3]);
	});

	it('says that it is read-only, still shows its runs, and completes when it can be written', async () => {
		await mkdir(join(disk, 'read'));
		const words = copies.words(join(disk, 'read'), '--quiet');
		expect((await runCli(words, copies.options({killAt: betweenSeals}))).exitCode).toBe(137);
		mount('-o', 'remount,ro');
		expect(await runCli(words, copies.options())).toMatchObject(refusal(/\S+ could not be written .*the disk is mounted read-only.*/u));
		expect(await twolane('status', '--out', join(disk, 'read'))).toMatchObject({exitCode: 0, stderr: ''});
		expect((await twolane('results', '--out', join(disk, 'read'))).stdout.trimEnd().split('\n')).toHaveLength(ITEMS);
		const elsewhere = await runCli(copies.words(join(disk, 'new')), copies.options());
		expect(elsewhere).toMatchObject(refusal(/--out \S+ cannot be made: the disk is read-only\. .*/u));
		mount('-o', 'remount,rw');
		expect((await runCli(words, copies.options())).exitCode).toBe(1);
		const {rows} = await readKeptRun(join(disk, 'read/.twolane'));
		expect([rows.SUCCEEDED.length, rows.SKIPPED.length, rows.FAILED.length]).toEqual([20, 2, 3]);
	});
});
