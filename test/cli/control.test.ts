import {rename, writeFile} from 'node:fs/promises';
import {setTimeout as wait} from 'node:timers/promises';
import {join} from 'node:path';
import {parse} from 'csv-parse/sync';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {type Cli, type CliEnd, type Row, readKeptRun, runCli, startCli} from '../support/cli.ts';
import {type Copies, openCopies, readResults, startHeld} from '../support/copies.ts';
import {serve} from '../support/http-origin.ts';
import type {KillPoint} from '../support/kill-at.ts';

const ITEMS = 25;
/** Nine items have been stored, of which the first ones may be in a checkpoint. */
const halfway: KillPoint = {when: 'after', call: 'rename', of: '/loud.txt$', count: 9};

let copies: Copies;

beforeEach(async () => void (copies = await openCopies(ITEMS)));
afterEach(() => copies[Symbol.asyncDispose]());

const run = (...more: readonly string[]): Promise<CliEnd> => runCli(copies.words('out', '--quiet', ...more), copies.options());
const kill = (killAt: KillPoint): Promise<CliEnd> => runCli(copies.words('out', '--quiet'), copies.options({killAt}));
const twolane = (...words: readonly string[]): Promise<CliEnd> => runCli(words, copies.options());
const status = async (...words: readonly string[]) => {
	const {stdout, exitCode} = await twolane('status', '--out', 'out', '--json', ...words);
	expect(exitCode).toBe(0);
	return stdout
		.trimEnd()
		.split('\n')
		.map(line => JSON.parse(line) as {readonly id: string; readonly status: string; readonly itemCounts: Record<string, number>});
};
const rowsOf = ({stdout}: CliEnd): Row[] =>
	stdout
		.trimEnd()
		.split('\n')
		.map(line => JSON.parse(line) as Row);

const held = (from: number, ...more: readonly string[]): Promise<Cli> => startHeld(copies, from, copies.words('out', ...more));

/** It hears of it within 5 s, and drains for 2.5 s. */
const HEARD_AND_DRAINED_MS = 8000;

describe('from another process', () => {
	it('pause stops a command, and resume or the same command goes on', async () => {
		const cli = await held(7);
		const paused = await twolane('pause', '--out', 'out');
		const toldMs = performance.now();
		expect(paused.exitCode).toBe(0);
		expect(paused.stdout).toMatch(/^PAUSED {2}copies\n[\s\S]*stops within 5 s\nnext {5}.* resume out\/\.twolane\/runs\/\w+\n$/u);
		const {exitCode, stdout, endedMs} = await cli.ended;
		expect(exitCode).toBe(4);
		expect(endedMs - toldMs).toBeLessThan(HEARD_AND_DRAINED_MS);
		expect(stdout).toMatch(/^6 succeeded, 1 failed, 18 pending {2}.*PAUSED$/mu);
		expect(await status()).toMatchObject([{status: 'PAUSED', itemCounts: {succeeded: 6, failed: 1, pending: 18}}]);
		expect((await twolane('pause', '--out', 'out', '--quiet')).exitCode).toBe(0);

		const second = await held(12, '--quiet');
		expect((await twolane('pause', '--out', 'out', '--quiet')).exitCode).toBe(0);
		expect((await second.ended).exitCode).toBe(4);
		copies.delay(() => 0);
		expect((await twolane('resume', '--out', 'out', '--quiet')).exitCode).toBe(1);
		expect((await readResults(copies.place, 'out')).length).toBe(ITEMS);
	});

	it('cancel ends a command with what it has, and redrive runs the rest', async () => {
		const cli = await held(7);
		const cancelled = await twolane('cancel', '--out', 'out');
		const toldMs = performance.now();
		expect(cancelled).toMatchObject({
			exitCode: 0,
			stdout: expect.stringMatching(/^CANCELLED {2}copies\n[\s\S]* redrive out\/\.twolane\/runs\/\w+\n$/u),
		});
		const {exitCode, endedMs} = await cli.ended;
		expect(exitCode).toBe(4);
		expect(endedMs - toldMs).toBeLessThan(HEARD_AND_DRAINED_MS);
		const {results, rows} = await readKeptRun(join(copies.place.path, 'out/.twolane'));
		expect(results).toMatchObject({completionReason: 'CANCELLED', itemCounts: {succeeded: 6, failed: 1, pending: 18, total: 25}});
		expect(rows.PENDING.map(({n}) => n)).toEqual(Array.from({length: 18}, (_, index) => index + 7));
		expect((await twolane('cancel', '--out', 'out', '--quiet')).exitCode).toBe(0);
		const resumed = await twolane('resume', '--out', 'out');
		expect(resumed.exitCode).toBe(3);
		expect(resumed.stderr).toMatch(
			/^twolane: run \w+ has ended \(CANCELLED\): there is nothing to resume; redrive runs what failed or is pending again\./u,
		);
		expect((await run()).exitCode).toBe(4);

		copies.delay(() => 0);
		const redriven = await twolane('redrive', '--out', 'out');
		expect(redriven).toMatchObject({exitCode: 1, stderr: expect.stringMatching(/^Redrive 1: 19 items to run again\n/u)});
		expect((await readResults(copies.place, 'out')).filter(row => row.status !== 'succeeded').map(({n}) => n)).toEqual([3, 7, 13, 17, 23]);
	});
});

it('cancel ends a run that nobody works on', async () => {
	expect((await kill(halfway)).exitCode).toBe(137);
	expect((await twolane('cancel', '--out', 'out')).exitCode).toBe(0);
	const {results} = await readKeptRun(join(copies.place.path, 'out/.twolane'));
	expect(results.completionReason).toBe('CANCELLED');
	expect((await twolane('redrive', '--out', 'out', '--quiet')).exitCode).toBe(1);
	expect((await readResults(copies.place, 'out')).length).toBe(ITEMS);
});

it('redrive --only runs what failed with a code, and leaves the rest as it was', async () => {
	expect((await run()).exitCode).toBe(1);
	const before = await readResults(copies.place, 'out');
	const none = await twolane('redrive', '--out', 'out', '--only', 'TOO_SLOW');
	expect(none).toMatchObject({
		exitCode: 3,
		stderr: expect.stringMatching(/^twolane: run \w+ has no item that failed with TOO_SLOW; it has 3 HTTP_STATUS\./u),
	});
	copies.origin.on('/id-13', serve('text 13'));
	const asked = copies.requests.length;
	const redriven = await twolane('redrive', '--out', 'out', '--only', 'HTTP_STATUS');
	expect(redriven).toMatchObject({exitCode: 1, stdout: expect.stringMatching(/^21 succeeded, 2 failed, 2 skipped {2}/mu)});
	// The third one has another answer now, which this log does not see.
	expect(
		copies.requests
			.slice(asked)
			.map(({id}) => id)
			.toSorted(),
	).toEqual(['id-23', 'id-3']);
	const after = await readResults(copies.place, 'out');
	expect(after.filter(({n}) => n !== 13)).toEqual(before.filter(({n}) => n !== 13));
	expect(after[13]).toMatchObject({status: 'succeeded'});
});

describe('while a command works, status', () => {
	it('and results show what is saved; status watches until the run ends, and says when nobody works on it', async () => {
		const cli = await held(7, '--quiet');
		// A checkpoint comes within 2 s.
		await wait(2000);
		expect(await status()).toMatchObject([{status: 'RUNNING', itemCounts: {succeeded: 6, failed: 1, pending: 18, total: 25}}]);
		const rows = rowsOf(await twolane('results', '--out', 'out'));
		expect(rows.map(row => row.status)).toEqual([
			...Array.from({length: 7}, (_, n) => (n === 3 ? 'failed' : 'succeeded')),
			...Array(18).fill('pending'),
		]);
		const watching = startCli(['status', '--watch', '--json', '--out', 'out'], copies.options());
		await watching.saw('stdout', /RUNNING/u);
		cli.kill('SIGINT');
		expect((await cli.ended).exitCode).toBe(130);
		const {exitCode, stdout} = await watching.ended;
		expect(exitCode).toBe(0);
		expect(stdout.trimEnd().split('\n').at(-1)).toContain('"status":"PAUSED","generation":0');

		const second = await held(12, '--quiet');
		second.kill('SIGKILL');
		await second.ended;
		expect((await twolane('status', '--out', 'out')).stdout).toMatch(/^RUNNING {2}nobody works on it {2}copies\n/u);
	});
});

describe('[RUN]', () => {
	it('is a path, the beginning of an id, or nothing for the newest', async () => {
		await run();
		await run('--fresh');
		const {stdout} = await twolane('ls', '--out', 'out', '--json');
		const [newest, oldest] = stdout
			.trimEnd()
			.split('\n')
			.map(line => (JSON.parse(line) as {id: string}).id);
		expect((await status())[0]?.id).toBe(newest);
		expect((await status(oldest?.slice(0, 12) ?? ''))[0]?.id).toBe(oldest);
		const byPath = await twolane('status', `out/.twolane/runs/${oldest}/`, '--json');
		expect(JSON.parse(byPath.stdout)).toMatchObject({id: oldest, status: 'FAILED'});
		const lines = (await twolane('ls', '--out', 'out')).stdout.trimEnd().split('\n');
		expect(lines).toEqual([
			expect.stringMatching(
				new RegExp(`^FAILED .* copies {2}20 of 25 items, 3 failed {2}list.jsonl {2}out/.twolane/runs/${newest}/?$`, 'u'),
			),
			expect.stringMatching(new RegExp(`^FAILED .*${oldest}/?$`, 'u')),
		]);
	});

	it('that is unknown, ambiguous or missing is said so', async () => {
		await run();
		await run('--fresh');
		const unknown = await twolane('status', 'zz', '--out', 'out');
		expect(unknown).toMatchObject({
			exitCode: 3,
			stdout: '',
			stderr: expect.stringMatching(/^twolane: There is no run zz in out\. `.* ls --out out` lists them\.\n$/u),
		});
		// Every id begins with nothing.
		const ambiguous = await twolane('status', '', '--out', 'out');
		expect(ambiguous).toMatchObject({
			exitCode: 2,
			stderr: expect.stringMatching(/^twolane: .* is the beginning of 2 runs: \w+, \w+\. Give more of the id\.\n$/u),
		});
		expect(await twolane('status', 'ab12')).toMatchObject({exitCode: 2, stderr: expect.stringMatching(/^twolane: Where is run ab12\?/u)});
		expect(await twolane('status')).toMatchObject({exitCode: 2, stderr: expect.stringMatching(/^twolane: Which run\?/u)});
		expect(await twolane('status', './nowhere/run')).toMatchObject({
			exitCode: 3,
			stderr: expect.stringMatching(/^twolane: nowhere\/run is no run: it has no run\.json/u),
		});
		expect(await twolane('status', '--out', 'elsewhere')).toMatchObject({
			exitCode: 3,
			stderr: expect.stringMatching(/^twolane: There is no run in elsewhere\.\n$/u),
		});
		expect(await twolane('ls', '--out', 'elsewhere')).toMatchObject({exitCode: 0, stdout: '', stderr: 'There are no runs in elsewhere.\n'});
	});

	it('goes on where its folder was moved to', async () => {
		expect((await kill(halfway)).exitCode).toBe(137);
		const [{id} = {id: ''}] = await status();
		await rename(join(copies.place.path, 'out'), join(copies.place.path, 'moved'));
		expect((await twolane('resume', `moved/.twolane/runs/${id}`, '--quiet')).exitCode).toBe(1);
		expect((await readResults(copies.place, 'moved')).length).toBe(ITEMS);
		expect(await copies.place.list('out')).toEqual([]);
	});
});

it('results are rows in the order of the list, --failed are some of them, and --as csv is CSV', async () => {
	const ids = ['plain', 'with, comma', 'with "quotes"', ' with spaces '];
	const lines = ids.map(id => JSON.stringify({id, url: copies.origin.url('/id-3')}));
	await writeFile(
		join(copies.place.path, 'list.jsonl'),
		[JSON.stringify({id: 'good', url: copies.origin.url('/id-1')}), ...lines].join('\n'),
	);
	expect(await run()).toMatchObject({exitCode: 1, stderr: ''});
	const all = rowsOf(await twolane('results', '--out', 'out'));
	expect(all.map(({id}) => id)).toEqual(['good', ...ids]);
	expect(rowsOf(await twolane('results', '--out', 'out', '--failed'))).toEqual(all.slice(1));
	const csv = await twolane('results', '--out', 'out', '--failed', '--as', 'csv');
	const cells = parse(csv.stdout, {columns: true}) as Readonly<Record<string, string>>[];
	expect(cells.map(({n, id, status: end, code, message}) => ({n, id, end, code, message}))).toEqual(
		all.slice(1).map(({n, id, error}) => ({n: String(n), id, end: 'failed', code: error?.code, message: error?.message})),
	);
});
