import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {createBarrier} from '../support/barrier.ts';
import {type Cli, type CliOptions, type Workplace, readKeptRun, runCli, startCli, workplace} from '../support/cli.ts';
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

/** Transforms that do not end, each in its own way; the first thing they do is to say that they have begun. */
const endless = {
	'a loop in JavaScript': 'for (;;);',
	'a call into native code': "pbkdf2Sync('password', 'salt', 2 ** 31 - 1, 64, 'sha512');",
};

/** A command whose every thread is busy for ever; `isOver` lets the transforms of later commands end. */
async function startEndless(body: string) {
	await place.write(
		'endless.ts',
		`import {cpu, defineFlow} from 'twolane';
		import {z} from 'zod';
		export default defineFlow({name: 'endless', item: z.object({id: z.string()}), fetch: async ({id}) => id,
			transform: cpu<typeof import('./thread.ts')>(new URL('./thread.ts', import.meta.url))});`,
	);
	await place.write(
		'thread.ts',
		`import {existsSync, writeFileSync} from 'node:fs';
		import {pbkdf2Sync} from 'node:crypto';
		const has = (name: string) => existsSync(new URL(name, import.meta.url));
		export default (id: string) => {
			if (has('./over')) return id;
			writeFileSync(new URL('./begun', import.meta.url), '');
			${body}
		};`,
	);
	await place.write('four.jsonl', ['a', 'b', 'c', 'd'].map(id => JSON.stringify({id})).join('\n'));
	const cli = startCli(['run', 'four.jsonl', '--out', 'out', '--flow', './endless.ts', '--threads', '2'], {cwd: place.path});
	await Promise.race([untilThere(join(place.path, 'begun')), cli.ended.then(end => expect.fail(JSON.stringify(end)))]);
	return cli;
}

async function untilThere(path: string): Promise<void> {
	while (!existsSync(path)) await sleep(10);
}

/** The command that the summary prints, given to a shell as it is printed, in the folder where the first one was given. */
async function runPrinted(stdout: string) {
	const [, command = ''] = /^next {5}(.*)$/mu.exec(stdout) ?? [];
	const {NO_COLOR: _, FORCE_COLOR: __, ...env} = process.env;
	return await promisify(execFile)('/bin/sh', ['-c', command], {cwd: place.path, env});
}

describe('Ctrl-C ends a command within 5 s, and the command that it prints goes on', () => {
	it('when the origin never answers, also in a folder that a shell would take for several words', async () => {
		const lines = Array.from({length: 4}, (_, n) => {
			origin.on(`/${n}`, [n === 1 || n === 2 ? stallBeforeHeaders : serve('12345'), serve('12345')]);
			return JSON.stringify({id: `id-${n}`, url: origin.url(`/${n}`)});
		});
		const out = "Anna's photos & more/$HOME";
		const list = await place.write('my list.jsonl', lines.join('\n'));
		const cli = startCli(['run', list, '--out', out, '--flow', './lengths.ts', '--allow-origin', origin.origin, '--io', '2'], {
			cwd: place.path,
		});
		while (origin.requests.length < 3) await sleep(10);
		const pressedMs = performance.now();
		cli.kill('SIGINT');
		const {exitCode, stdout, endedMs} = await cli.ended;
		expect(exitCode).toBe(130);
		expect(endedMs - pressedMs).toBeLessThan(5000);
		expect(stdout).toMatch(/^1 succeeded, 3 pending {2}.*INTERRUPTED$/mu);

		const next = await runPrinted(stdout);
		expect(next.stdout).toMatch(/^4 succeeded {2}/mu);
		expect(origin.requests.map(({path}) => path).toSorted()).toEqual(['/0', '/1', '/1', '/2', '/2', '/3']);
		const {results} = await readKeptRun(join(place.path, out, '.twolane'));
		expect(results).toMatchObject({completionReason: 'ALL_COMPLETED', itemCounts: {succeeded: 4, total: 4}});
	});

	it.each(Object.entries(endless))('when every thread is in %s', async (_, body) => {
		const cli = await startEndless(body);
		const pressedMs = performance.now();
		cli.kill('SIGINT');
		const {exitCode, stdout, endedMs} = await cli.ended;
		expect(exitCode).toBe(130);
		expect(endedMs - pressedMs).toBeLessThan(5000);
		expect(stdout).toMatch(/^0 succeeded, 4 pending {2}.*INTERRUPTED$/mu);
		await place.write('over', '');
		expect((await runPrinted(stdout)).stdout).toMatch(/^4 succeeded {2}/mu);
	});

	it.each(Object.entries(endless))('and at once when it comes twice while every thread is in %s', async (_, body) => {
		const cli = await startEndless(body);
		cli.kill('SIGINT');
		await cli.saw('stderr', /Ctrl-C again ends at once/u);
		await sleep(200);
		const pressedMs = performance.now();
		cli.kill('SIGINT');
		const {exitCode, endedMs} = await cli.ended;
		expect(exitCode).toBe(130);
		expect(endedMs - pressedMs).toBeLessThan(1500);
		await place.write('over', '');
		const again = await runCli(['resume', '--out', 'out'], {cwd: place.path});
		expect(again).toMatchObject({exitCode: 0, stdout: expect.stringMatching(/^4 succeeded {2}/mu)});
	});

	it('is gone when its launcher is killed while a thread is in native code', async () => {
		const cli = await startEndless(endless['a call into native code']);
		const killedMs = performance.now();
		cli.kill('SIGKILL');
		const {endedMs} = await cli.ended;
		expect(endedMs - killedMs).toBeLessThan(2000);
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
