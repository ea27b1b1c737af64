import {setTimeout as sleep} from 'node:timers/promises';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {createBarrier} from '../support/barrier.ts';
import {type Cli, type CliOptions, type Workplace, readKeptRun, startCli, workplace} from '../support/cli.ts';
import {type HttpOrigin, httpOrigin, serve, stallBeforeHeaders} from '../support/http-origin.ts';

let origin: HttpOrigin;
let place: Workplace;

beforeEach(async () => {
	origin = await httpOrigin();
	place = await workplace();
	await place.write(
		'lengths.ts',
		`import {defineFlow, sourceItem} from 'twolane';
		export default defineFlow({name: 'lengths', item: sourceItem, fetch: async (item, {read}) => (await read(item)).length});`,
	);
});

afterEach(async () => {
	await origin[Symbol.asyncDispose]();
	await place[Symbol.asyncDispose]();
});

const start = (sources: readonly string[], options: CliOptions = {}, ...more: string[]): Cli =>
	startCli(['run', ...sources, '--out', 'out', '--flow', './lengths.ts', '--allow-origin', origin.origin, '--io', '2', ...more], {
		cwd: place.path,
		...options,
	});

/** Ten items at an origin that holds its answers until the barrier opens. */
async function startTen(...more: string[]) {
	const barrier = createBarrier();
	const lines = Array.from({length: 10}, (_, n) => {
		origin.on(`/${n}`, async () => {
			await barrier.wait();
			return serve('12345');
		});
		return JSON.stringify({id: `id-${n}`, url: origin.url(`/${n}`)});
	});
	const cli = start([await place.write('ten.jsonl', lines.join('\n'))], {}, ...more);
	await Promise.race([barrier.reached(2), cli.ended.then(end => expect.fail(JSON.stringify(end)))]);
	return {cli, barrier};
}

describe('Ctrl-C', () => {
	it('takes no new item, drains what is in flight, and lists the rest as pending', async () => {
		const {cli, barrier} = await startTen();
		cli.kill('SIGINT');
		await cli.saw('stderr', /Ctrl-C again ends at once/u);
		barrier.open();
		const {exitCode, stdout} = await cli.ended;
		expect(exitCode).toBe(130);
		expect(stdout).toMatch(/^2 succeeded, 8 pending {2}.*INTERRUPTED$/mu);
		expect(origin.requests).toHaveLength(2);

		const {results, report, rows} = await readKeptRun(join(place.path, 'out/.twolane'));
		expect(results).toMatchObject({completionReason: 'INTERRUPTED', itemCounts: {succeeded: 2, pending: 8, running: 0, total: 10}});
		expect(report.itemCounts).toEqual(results.itemCounts);
		expect(rows.SUCCEEDED.map(({id}) => id)).toEqual(['id-0', 'id-1']);
		expect(rows.PENDING).toEqual([2, 3, 4, 5, 6, 7, 8, 9].map(n => ({n, id: `id-${n}`, status: 'pending'})));
	});

	it('counts once when a terminal and a wrapper both deliver it', async () => {
		const {cli, barrier} = await startTen('--json');
		for (let press = 0; press < 3; press++) cli.kill('SIGINT');
		// The 100 ms in which signals count as one press.
		await sleep(50);
		cli.kill('SIGINT');
		await sleep(300);
		barrier.open();
		const {exitCode, stdout} = await cli.ended;
		expect(exitCode).toBe(130);
		expect(stdout.trimEnd().split('\n')).toHaveLength(3);
	});

	it('ends at once when it comes again 200 ms later', async () => {
		const {cli} = await startTen();
		cli.kill('SIGINT');
		await cli.saw('stderr', /Ctrl-C again ends at once/u);
		await sleep(200);
		const pressedMs = performance.now();
		cli.kill('SIGINT');
		const {exitCode, endedMs} = await cli.ended;
		expect(exitCode).toBe(130);
		expect(endedMs - pressedMs).toBeLessThan(1000);
	});
});

describe('Ctrl-C while the list is read', () => {
	beforeEach(() => {
		origin.on('/stalled.jsonl', stallBeforeHeaders);
		origin.on('/cut.jsonl', {body: '{"file":"/etc/hostname"}\n', announce: 1000, ending: 'stall'});
		origin.on('/short.jsonl', serve(JSON.stringify({url: origin.url('/item')})));
	});

	it.each([
		['a URL that does not answer', ['/stalled.jsonl']],
		['a URL that stops in its body', ['/cut.jsonl']],
		['standard input that says nothing', ['/short.jsonl', '-']],
		['a URL before standard input', ['/stalled.jsonl', '-']],
	])('ends, and leaves nothing behind: %s', async (_, sources) => {
		const cli = start(
			sources.map(source => (source === '-' ? source : origin.url(source))),
			{isStdinOpen: true},
		);
		while (origin.requests.length === 0) await sleep(10);
		// The answer has to reach the reader before it waits for its next source.
		await sleep(200);
		cli.kill('SIGINT');
		const pressedMs = performance.now();
		const {exitCode, stderr, stdout, endedMs} = await cli.ended;
		expect(stderr).toMatch(/^Stopping: .*\ntwolane: Interrupted while the list was read: nothing was started\.\n$/u);
		expect({exitCode, stdout}).toEqual({exitCode: 130, stdout: ''});
		expect(endedMs - pressedMs).toBeLessThan(1000);
		expect(await place.list('.')).toEqual(['lengths.ts']);
		expect(origin.requests).toHaveLength(1);
	});
});

it('takes its child along when the launcher is killed', async () => {
	const {cli} = await startTen();
	const killedMs = performance.now();
	cli.kill('SIGKILL');
	// `ended` also waits for stdout and stderr, which the child holds open as long as it lives.
	const {exitCode, endedMs} = await cli.ended;
	expect(exitCode).toBeNull();
	expect(endedMs - killedMs).toBeLessThan(2000);
});

it('exits within a second after a run on threads has ended', async () => {
	await place.write(
		'own.ts',
		`import {cpu, defineFlow, sourceItem} from 'twolane';
		export default defineFlow({name: 'own', item: sourceItem, fetch: async (item, {read}) => (await read(item)).length,
			transform: cpu(new URL('./thread.ts', import.meta.url))});`,
	);
	await place.write('thread.ts', `setInterval(() => {}, 1000);\nexport default (length: number) => length;`);
	origin.on('/item', serve('12345'));
	const cli = startCli(['run', '-', '--out', 'out', '--flow', './own.ts', '--allow-origin', origin.origin, '--json'], {
		cwd: place.path,
		stdin: JSON.stringify({url: origin.url('/item')}),
	});
	const reportedMs = await cli.saw('stdout', /"type":"report"/u);
	const {exitCode, endedMs} = await cli.ended;
	expect(exitCode).toBe(0);
	expect(endedMs - reportedMs).toBeLessThan(1000);
});
