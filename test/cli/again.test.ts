import {readFile, readdir, writeFile} from 'node:fs/promises';
import {setTimeout as wait} from 'node:timers/promises';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {type Cli, type CliEnd, type Row, readJsonLines, runCli, startCli} from '../support/cli.ts';
import {type Copies, openCopies, readResults, startHeld} from '../support/copies.ts';
import type {KillPoint} from '../support/kill-at.ts';

/** Of 25 items 3 fail and 2 are skipped. */
const ITEMS = 25;
const counts = {total: 25, succeeded: 20, failed: 3, skipped: 2, pending: 0, running: 0};

let copies: Copies;

beforeEach(async () => void (copies = await openCopies(ITEMS)));
afterEach(() => copies[Symbol.asyncDispose]());

const run = (...more: readonly string[]): Promise<CliEnd> => runCli(copies.words('out', ...more), copies.options());
const twolane = (...words: readonly string[]): Promise<CliEnd> => runCli(words, copies.options());
const runFolderOf = ({stdout}: CliEnd): string => /^run {6}(.*)$/mu.exec(stdout)?.[1] ?? '';
const runFolders = async (): Promise<string[]> => (await readdir(join(copies.place.path, 'out/.twolane/runs'))).toSorted();
const byN = (a: Row, b: Row): number => a.n - b.n;

const held = (from: number, ...more: readonly string[]): Promise<Cli> => startHeld(copies, from, copies.words('out', ...more));

describe('the same command on a run that has ended', () => {
	it('does nothing again, and says the same', async () => {
		const first = await run('--json');
		const asked = copies.requests.length;
		const second = await run('--json', '--io', '2', '--attempts', '1');
		expect([first.exitCode, second.exitCode]).toEqual([1, 1]);
		expect(copies.requests.length).toBe(asked);
		const [one, other] = [readJsonLines(first.stdout), readJsonLines(second.stdout)];
		expect(one.report.itemCounts).toEqual(counts);
		expect(other.report).toEqual(one.report);
		expect(other.rows).toEqual(one.rows.toSorted(byN));

		const third = await run();
		expect(third.exitCode).toBe(1);
		expect(third.stdout).toMatch(/^20 succeeded, 3 failed, 2 skipped {2}/mu);
		expect(third.stderr).toMatch(
			/^This run is there already, since [\d\-:.TZ]+: out\/\.twolane\/runs\/\w+\. --fresh starts another one\.\n$/u,
		);
		expect(copies.requests.length).toBe(asked);
	});

	it('judges it by the tolerance that is given now', async () => {
		expect((await run('--quiet')).exitCode).toBe(1);
		const asked = copies.requests.length;
		expect((await run('--quiet', '--tolerated-failure-count', '3')).exitCode).toBe(0);
		expect((await run('--quiet', '--tolerated-failure-percentage', '5')).exitCode).toBe(4);
		expect((await run('--quiet', '--tolerated-failure-percentage', '12')).exitCode).toBe(0);
		expect((await run('--quiet')).exitCode).toBe(1);
		expect(copies.requests.length).toBe(asked);
	});

	it('starts another one with --fresh, which is the one that the plain command means from then on', async () => {
		const first = await run();
		const fresh = await run('--fresh');
		expect(fresh).toMatchObject({exitCode: 1, stderr: ''});
		expect(copies.requests).toHaveLength(2 * ITEMS);
		expect(await runFolders()).toHaveLength(2);
		const third = await run();
		expect([runFolderOf(third), copies.requests.length]).toEqual([runFolderOf(fresh), 2 * ITEMS]);
		expect(runFolderOf(fresh)).not.toBe(runFolderOf(first));
	});

	it('is another run when the list was edited, and says so in one line', async () => {
		const first = await run();
		const list = join(copies.place.path, 'list.jsonl');
		await writeFile(list, `${await readFile(list, 'utf8')}\n`.replace('id-0"', 'id-zero"'));
		const second = await run();
		expect(second.stderr).toBe(`list.jsonl has changed since ${runFolderOf(first)}: this is a new run.\n`);
		expect(runFolderOf(second)).not.toBe(runFolderOf(first));
		expect(copies.requests).toHaveLength(2 * ITEMS);
	});
});

describe('the same command on a run that has not ended', () => {
	it('goes on with a list from standard input', async () => {
		const stdin = await readFile(join(copies.place.path, 'list.jsonl'), 'utf8');
		const words = copies.words('out', '--json').map(word => (word === 'list.jsonl' ? '-' : word));
		const kills: readonly KillPoint[] = [
			{when: 'before', call: 'link', of: '/plan.json$'},
			{when: 'before', call: 'unlink', of: '/spool/', count: 2},
			{when: 'after', call: 'rename', of: '/loud.txt$', count: 12},
		];
		for (const killAt of kills) expect((await runCli(words, copies.options({stdin, killAt}))).exitCode).toBe(137);
		const end = await runCli(words, copies.options({stdin}));
		expect(end.exitCode).toBe(1);
		const {rows, report} = readJsonLines(end.stdout);
		expect(report.itemCounts).toEqual(counts);
		expect(rows.map(({n}) => n).toSorted((a, b) => a - b)).toEqual(Array.from({length: ITEMS}, (_, n) => n));
		await readResults(copies.place, 'out');
	});

	it('goes on after a stop at the tolerance, when it is given another one', async () => {
		const stopped = await run('--tolerated-failure-count', '0', '--io', '1');
		expect(stopped.exitCode).toBe(4);
		expect(stopped.stdout).toMatch(/^\d succeeded, 1 failed, 2\d pending {2}.*FAILURE_TOLERANCE_EXCEEDED$/mu);
		expect(stopped.stdout).toMatch(/^next {5}.* resume out\/\.twolane\/runs\/\w+ --tolerated-failure-count N$/mu);
		const asked = copies.requests.length;
		const same = await run('--tolerated-failure-count', '0', '--io', '1', '--quiet');
		expect([same.exitCode, copies.requests.length]).toEqual([4, asked]);
		const resumed = await twolane('resume', runFolderOf(stopped), '--tolerated-failure-count', '3');
		expect(resumed).toMatchObject({exitCode: 0, stdout: expect.stringMatching(/^20 succeeded, 3 failed, 2 skipped {2}/mu)});
		expect(copies.requests).toHaveLength(ITEMS);
	});

	it('is told who works on it, and does not disturb them', async () => {
		const cli = await held(7);
		const pid = cli.commandPid();
		const second = await run();
		expect(second.exitCode).toBe(3);
		expect(second.stderr).toMatch(
			new RegExp(`^twolane: Process ${pid} has been working on run \\w+ since .*\\. Wait for it, or end it first\\.\n$`, 'u'),
		);
		cli.kill('SIGINT');
		expect(await cli.ended).toMatchObject({exitCode: 130});
		copies.delay(() => 0);
		expect((await run('--quiet')).exitCode).toBe(1);
		await readResults(copies.place, 'out');
	});

	it('waits for a command whose launcher is gone, and then goes on', async () => {
		const cli = await held(7);
		const pid = cli.commandPid() ?? 0;
		// It cannot see yet that its launcher is gone.
		process.kill(pid, 'SIGSTOP');
		cli.kill('SIGKILL');
		await cli.exited;
		copies.delay(() => 0);
		const second = startCli(copies.words('out', '--quiet'), copies.options({isCommandKnown: true}));
		while (second.commandPid() === undefined) await wait(10);
		const asked = copies.requests.length;
		await wait(1500);
		expect(copies.requests.length).toBe(asked);
		process.kill(pid, 'SIGCONT');
		expect(await second.ended).toMatchObject({exitCode: 1, stderr: ''});
		await readResults(copies.place, 'out');
	});
});
