import {readFile, readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {createBarrier} from '../support/barrier.ts';
import {type CliEnd, type CliOptions, type Workplace, readKeptRun, runCli, startCli, workplace} from '../support/cli.ts';
import {type HttpOrigin, httpOrigin, serve} from '../support/http-origin.ts';
import type {PlanView} from '../../src/cli/plan-command.ts';

let origin: HttpOrigin;
let place: Workplace;
let options: CliOptions;

beforeEach(async () => {
	origin = await httpOrigin();
	place = await workplace();
	// A folder of the test's own for temporary files shows what is left in it.
	await place.write('temporary/mine', '');
	options = {cwd: place.path, env: {TMPDIR: join(place.path, 'temporary')}};
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

const words = (command: 'plan' | 'run', ...more: string[]): string[] => [
	command,
	'list.jsonl',
	'--out',
	'out',
	'--flow',
	'./lengths.ts',
	'--allow-origin',
	origin.origin,
	...more,
];

async function plan(...more: string[]): Promise<CliEnd & {readonly view: PlanView}> {
	const end = await runCli([...words('plan', '--json'), ...more], options);
	return {...end, view: JSON.parse(end.stdout) as PlanView};
}

/** A list of `count` items at an origin that answers all of them. */
async function writeList(count: number): Promise<void> {
	const lines = Array.from({length: count}, (_, n) => {
		origin.on(`/${n}`, serve('12345'));
		return `${JSON.stringify({id: `id-${n}`, url: origin.url(`/${n}`)})}\n`;
	});
	await place.write('list.jsonl', lines.join(''));
}

const left = async () => ({here: (await readdir(place.path)).toSorted(), temporary: await place.list('temporary')});

describe('twolane plan', () => {
	it('says what a run would do, as a person reads it, and leaves nothing', async () => {
		await place.write('pictures/a.jpg', 'a');
		await place.write('pictures/note.txt', 'a');
		await place.write('urls.txt', `https://a.example/1.jpg\nhttps://b.example/1.jpg\nhttps://a.example/2.jpg\nhttps://a.example/1.jpg\n`);
		const before = await left();
		const {stdout, stderr, exitCode} = await runCli(
			['plan', 'urls.txt', 'pictures', '--out', 'deep/thumbs', '--threads', '3', '--tolerated-failure-percentage', '5'],
			options,
		);
		expect(stdout.replace(/[0-9a-f]{26}/u, 'ID')).toBe(`\
run       a new one would start
          deep/thumbs/.twolane/runs/ID
flow      thumbnail
items     4 items, 1 repeated source left out
shards    one
engine    in-process: on this machine; --on STACK starts it on a deployed stack
estimate  about 1 s: 4 items x 60 ms of CPU / 3 threads
          a guess: slow origins and large items take longer
limits    io-concurrency auto, io-concurrency-per-host auto, threads 3
          in-flight-bytes 256 MiB, max-bytes 50 MiB, fetch-timeout 30 s
          attempts 4, more than 5 % failures stop it
hosts     2  https://a.example
          1  https://b.example
          1  files

Nothing was started.
`);
		expect(stderr).toBe('1 file left out: thumbnail takes jpg, jpeg, png, webp, gif, avif\n');
		expect(exitCode).toBe(0);
		expect(await left()).toEqual(before);
	});

	it('tells with --json the id, the shards and the limits that the run then has', async () => {
		await writeList(25);
		const {view, stdout, exitCode} = await plan('--threads', '2', '--limit', '21', '--attempts', '7', '--tolerated-failure-count', '1');
		expect(exitCode).toBe(0);
		expect(stdout.trimEnd().split('\n')).toHaveLength(1);
		expect(origin.requests).toEqual([]);

		expect((await runCli(words('run', '--limit', '21'), options)).exitCode).toBe(0);
		const {folder, results} = await readKeptRun(join(place.path, 'out/.twolane'));
		const shards = JSON.parse(await readFile(join(folder, '0/plan.json'), 'utf8')) as readonly {readonly count: number}[];
		expect(shards.map(({count}) => count)).toEqual([10, 10, 1]);
		expect(view).toEqual({
			type: 'plan',
			run: {action: 'start', id: results.runId, folder: `out/.twolane/runs/${results.runId}`, openItems: 21},
			flow: 'lengths',
			items: 21,
			repeats: 0,
			shards: shards.length,
			shardItems: 10,
			engine: {name: 'in-process', reason: 'on this machine; --on STACK starts it on a deployed stack'},
			maxWorkers: 1,
			// A flow that says nothing of its items: 50 ms each.
			estimate: {seconds: (21 * 0.05) / 2, items: 21, itemMs: 50, threads: 2, workers: 1},
			limits: {...view.limits, threads: 2, ioConcurrency: 'auto', ioConcurrencyPerHost: 'auto'},
			attempts: 7,
			toleratedFailureCount: 1,
			hosts: [{host: origin.origin, items: 21}],
		});
	});

	it('of a list without items is a plan, too', async () => {
		await place.write('list.jsonl', '');
		expect((await plan()).view).toMatchObject({
			items: 0,
			shards: 0,
			shardItems: 0,
			estimate: {seconds: 0},
			hosts: [],
			run: {action: 'start'},
		});
	});
});

describe('twolane plan looks for the run that the same command would find', () => {
	it('one that has ended would be reported; --fresh would start another', async () => {
		await writeList(3);
		origin.on('/1', {status: 404});
		await runCli(words('run'), options);
		const before = await place.list('out');
		const {view} = await plan();
		expect(view.run).toMatchObject({action: 'report', status: 'FAILED', itemCounts: {succeeded: 2, failed: 1, total: 3}, openItems: 0});
		const fresh = (await plan('--fresh')).view.run;
		expect(fresh).toEqual({action: 'start', id: expect.any(String), folder: expect.any(String), openItems: 3});
		expect(fresh.id).not.toBe(view.run.id);
		expect((await runCli(words('plan'), options)).stdout).toMatch(
			/^run {7}the one that is there has ended \(FAILED, 3 of 3 items done, 1 failed\): it would be reported; --fresh starts another$/mu,
		);
		expect(await place.list('out')).toEqual(before);

		// As it says.
		await runCli(words('run', '--fresh'), options);
		expect(await readdir(join(place.path, 'out/.twolane/runs'))).toContain(fresh.id);
		expect((await plan()).view.run).toMatchObject({action: 'report', id: fresh.id});
	});

	it('one that a process works on would refuse a second one; stopped, it would go on with what is open', async () => {
		await writeList(12);
		const barrier = createBarrier();
		origin.on('/1', async () => {
			await barrier.wait();
			return serve('12345');
		});
		const cli = startCli(words('run', '--io', '1'), options);
		await Promise.race([barrier.reached(1), cli.ended.then(end => expect.fail(JSON.stringify(end)))]);
		expect((await plan()).view.run).toMatchObject({action: 'refuse', status: 'RUNNING'});

		cli.kill('SIGINT');
		await cli.saw('stderr', /Stopping/u);
		barrier.open();
		expect((await cli.ended).exitCode).toBe(130);
		const before = await place.list('out');
		const {view} = await plan('--threads', '1');
		expect(view.run).toMatchObject({action: 'continue', status: 'PAUSED', itemCounts: {succeeded: 2, pending: 10}, openItems: 10});
		expect(view.estimate).toEqual({seconds: 0.5, items: 10, itemMs: 50, threads: 1, workers: 1});
		expect(await place.list('out')).toEqual(before);
	});

	it('one that was cancelled would be reported', async () => {
		await writeList(12);
		const {run} = (await plan()).view;
		await killAtFirstItem();
		await runCli(['cancel', run.folder], options);
		expect((await plan()).view.run).toMatchObject({action: 'report', id: run.id, status: 'CANCELLED', openItems: 0});
	});

	it('one that exceeded its tolerance would go on only under another one', async () => {
		await writeList(10);
		origin.on('/9', {status: 404});
		await runCli(words('run', '--tolerated-failure-count', '0', '--io', '1'), options);
		expect((await plan('--tolerated-failure-count', '0', '--io', '1')).view.run).toMatchObject({
			action: 'report',
			completionReason: 'FAILURE_TOLERANCE_EXCEEDED',
		});
		expect((await plan('--tolerated-failure-count', '1', '--io', '1')).view.run).toMatchObject({action: 'continue'});
	});

	it('says that an edited list makes a new one', async () => {
		await writeList(2);
		await runCli(words('run'), options);
		await writeList(3);
		const {stderr} = await runCli(words('plan'), options);
		expect(stderr).toMatch(/^list\.jsonl has changed since out\/\.twolane\/runs\/[0-9a-f]{26}: this is a new run\.\n$/u);
	});
});

/** Leaves a run behind that was killed while it worked. */
async function killAtFirstItem(): Promise<void> {
	const barrier = createBarrier();
	origin.on('/0', async () => {
		await barrier.wait();
		return serve('');
	});
	const cli = startCli(words('run'), options);
	await Promise.race([barrier.reached(1), cli.ended.then(end => expect.fail(JSON.stringify(end)))]);
	cli.kill('SIGKILL');
	await cli.ended;
	barrier.open();
}

describe('twolane plan that cannot plan', () => {
	it('exits with 2 for lines that cannot be used, and leaves nothing', async () => {
		await place.write('list.jsonl', '{"url":"https://a.example/1"}\nnope\n');
		const before = await left();
		const {stdout, stderr, exitCode} = await runCli(words('plan'), options);
		expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 2});
		expect(stderr).toMatch(/^twolane: list\.jsonl:2: not JSON/u);
		expect(await left()).toEqual(before);
	});

	it.each([
		['list.jsonl', 'a file of this name is in the way'],
		['list.jsonl/below', 'a part of the path is not a folder'],
	])('exits with 3 for --out %s, as run would', async (out, reason) => {
		await writeList(1);
		for (const command of ['plan', 'run']) {
			const {stderr, exitCode} = await runCli([command, 'list.jsonl', '--out', out], options);
			expect({stderr, exitCode}).toEqual({
				stderr: `twolane: --out ${out} cannot be made: ${reason}. Name a folder that can be written.\n`,
				exitCode: 3,
			});
		}
	});

	it.each(['SIGINT', 'SIGKILL'] as const)('leaves nothing when %s comes while the list is read', async signal => {
		const barrier = createBarrier();
		origin.on('/list.jsonl', async () => {
			await barrier.wait();
			return serve('');
		});
		const before = await left();
		const cli = startCli(['plan', origin.url('/list.jsonl'), '--out', 'out', '--allow-origin', origin.origin], options);
		await Promise.race([barrier.reached(1), cli.ended.then(end => expect.fail(JSON.stringify(end)))]);
		expect(await readdir(join(place.path, 'temporary'))).toHaveLength(2);
		cli.kill(signal);
		const {stderr, exitCode} = await cli.ended;
		barrier.open();
		expect(await left()).toEqual(before);
		if (signal === 'SIGINT') {
			expect({stderr, exitCode}).toEqual({stderr: 'twolane: Interrupted while the list was read: nothing was started.\n', exitCode: 130});
		}
	});
});
