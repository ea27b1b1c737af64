import {type ChildProcessWithoutNullStreams, spawn} from 'node:child_process';
import {once} from 'node:events';
import {copyFile, mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {constants, tmpdir} from 'node:os';
import {join} from 'node:path';
import {text} from 'node:stream/consumers';
import {fileURLToPath} from 'node:url';
import {afterAll, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import type {Life, Start} from '../fixtures/crash/main.ts';

let folder: string;
let lives: string;
let count = 0;

// The launcher in a house of its own, whose command line lives as it is told.
beforeAll(async () => {
	const own = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
	folder = await mkdtemp(join(tmpdir(), 'twolane-'));
	for (const part of ['bin', 'src/cli']) await mkdir(join(folder, part), {recursive: true});
	await writeFile(join(folder, 'package.json'), '{"type": "module"}');
	await copyFile(own('../../bin/twolane.js'), join(folder, 'bin/twolane.js'));
	await copyFile(own('../fixtures/crash/main.ts'), join(folder, 'src/cli/main.ts'));
});
beforeEach(() => void (lives = join(folder, `lives-${++count}.json`)));
afterAll(() => rm(folder, {recursive: true}));

interface End {
	readonly code: number | null;
	readonly stderr: readonly string[];
	readonly starts: readonly Start[];
}

async function launch(plan: readonly Life[], env: NodeJS.ProcessEnv = {}): Promise<ChildProcessWithoutNullStreams> {
	await writeFile(lives, JSON.stringify(plan));
	const words = [join(folder, 'bin/twolane.js'), lives, '--json'];
	// However the tests were started: the launcher names commands as it was called itself.
	const called = {npm_lifecycle_event: 'npx', npm_command: 'exec'};
	return spawn(process.execPath, words, {env: {...process.env, ...called, ...env}});
}

async function watch(launcher: ChildProcessWithoutNullStreams): Promise<End> {
	const [stderr, [code]] = await Promise.all([text(launcher.stderr), once(launcher, 'close')]);
	const diary = await readFile(`${lives}.diary`, 'utf8');
	return {
		code: code as number | null,
		stderr: stderr.split('\n').filter(line => line !== ''),
		starts: diary
			.trimEnd()
			.split('\n')
			.map(line => JSON.parse(line) as Start),
	};
}

const live = async (plan: readonly Life[], env?: NodeJS.ProcessEnv): Promise<End> => watch(await launch(plan, env));

const run = '/tmp/thumbs/.twolane/runs/ab12';
const begun = {tells: [{run}]};

describe('the launcher', () => {
	it.each([0, 1, 4, 130])('ends with the code of the command line: %i', async end => {
		expect(await live([{end}])).toMatchObject({code: end, stderr: [], starts: [{words: [lives, '--json']}]});
	});

	it('gives it the flags that a running process cannot change, and no crash of somebody else', async () => {
		const {starts} = await live([{end: 0}], {TWOLANE_CRASHED: '/another/run'});
		expect(starts[0]?.flags).toContain('--max-semi-space-size=8');
		expect(starts[0]).not.toHaveProperty('crashed');
	});

	it('ends a command line that has done everything and does not end by itself, with the code that it told', async () => {
		expect(await live([{tells: [{run}, {exit: 130}], until: 'SIGTERM', end: 0}])).toMatchObject({code: 130, stderr: [], starts: [{}]});
	});

	it.each(['SIGKILL', 'SIGTERM'] as const)(
		'ends when the command line was ended from outside (%s), and names the command that continues the run, if there is one',
		async end => {
			const code = 128 + constants.signals[end];
			const {stderr, ...others} = await live([{...begun, end}]);
			expect(others).toMatchObject({code, starts: [{}]});
			expect(stderr).toEqual([
				expect.stringMatching(
					new RegExp(`^twolane: The process was killed by ${end}\\. Continue the run with: npx twolane resume ${run}$`, 'u'),
				),
			]);
		},
	);

	it('says nothing of a run where there was none, or none any more', async () => {
		expect(await live([{end: 'SIGKILL'}])).toMatchObject({code: 137, stderr: [], starts: [{}]});
		await rm(`${lives}.diary`);
		expect(await live([{tells: [{run}, {done: true}], end: 'SIGKILL'}])).toMatchObject({code: 137, stderr: [], starts: [{}]});
	});
});

describe('a crash', () => {
	it.each(['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP', 'SIGABRT', 128 + constants.signals.SIGABRT] as const)(
		'in the middle of a run (%s) starts the same words again, with the run to continue',
		async end => {
			const {code, stderr, starts} = await live([{...begun, end}, {end: 1}]);
			expect(code).toBe(1);
			expect(starts.map(({words, crashed}) => ({words, crashed}))).toEqual([
				{words: [lives, '--json'], crashed: undefined},
				{words: [lives, '--json'], crashed: run},
			]);
			expect(stderr).toEqual([expect.stringMatching(/^twolane: The process died of SIG.* in flight now run one at a time/u)]);
			expect(stderr[0]).toContain(typeof end === 'string' ? end : 'SIGABRT');
		},
	);

	it('before there is a run is told, and not tried again', async () => {
		const {code, stderr, starts} = await live([{end: 'SIGSEGV'}]);
		expect({code, starts: starts.length}).toEqual({code: 139, starts: 1});
		expect(stderr).toEqual([expect.stringMatching(/^twolane: .*SIGSEGV \(a segmentation fault\) outside of any run/u)]);
	});

	it('after the run has ended is told, and not tried again', async () => {
		const {code, stderr, starts} = await live([{tells: [{run}, {done: true}], end: 'SIGABRT'}]);
		expect({code, starts: starts.length}).toEqual({code: 134, starts: 1});
		expect(stderr).toEqual([expect.stringContaining('outside of any run')]);
	});

	it('is survived as often as there was progress', async () => {
		const steps = [1, 2, 3, 4, 5, 6].map((settled): Life => ({tells: [{run}, {settled}], end: 'SIGSEGV'}));
		const {code, stderr, starts} = await live([...steps, {end: 0}]);
		expect({code, starts: starts.length}).toEqual({code: 0, starts: 7});
		expect(stderr[5]).toContain('6 times so far');
	});

	it('is the end the third time without progress, and the command that continues is named', async () => {
		const stuck: Life = {tells: [{run}, {settled: 5}], end: 'SIGSEGV'};
		const {code, stderr, starts} = await live([stuck, stuck, stuck, {end: 0}]);
		expect({code, starts: starts.length}).toEqual({code: 139, starts: 3});
		expect(stderr.at(-1)).toMatch(/^twolane: .*SIGSEGV.*, 3 times without getting any further with the run in \/tmp\/thumbs/u);
		expect(stderr.at(-1)).toMatch(new RegExp(` twolane resume ${run}$`, 'u'));
	});

	it('counts from the last progress on', async () => {
		const crash = (settled: number): Life => ({tells: [{run}, {settled}], end: 'SIGSEGV'});
		const {code, starts} = await live([crash(5), crash(5), crash(6), crash(6), crash(0), {end: 0}]);
		expect({code, starts: starts.length}).toEqual({code: 139, starts: 5});
	});

	it('names a command that can be pasted, whatever the path', async () => {
		const stuck: Life = {tells: [{run: "/tmp/Anna's photos/x"}], end: 'SIGSEGV'};
		const {stderr} = await live([stuck, stuck, stuck]);
		expect(stderr.at(-1)).toMatch(/twolane resume '\/tmp\/Anna'\\''s photos\/x'$/u);
	});
});

describe('a signal', () => {
	it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('is passed on, and a crash after it is the end: %s', async until => {
		const launcher = await launch([{...begun, until, end: 'SIGSEGV'}, {end: 0}]);
		const ended = watch(launcher);
		await once(launcher.stdout, 'data');
		launcher.kill(until);
		const {code, stderr, starts} = await ended;
		expect({code, starts: starts.length}).toEqual({code: 139, starts: 1});
		expect(stderr).toEqual([expect.stringMatching(new RegExp(`SIGSEGV.* while it was stopping.* twolane resume ${run}$`, 'u'))]);
	});

	it.each([
		['says nothing of its own', 'SIGTERM', 143, []],
		['is told from another one', 'SIGKILL', 137, [expect.stringContaining('killed by SIGKILL. Continue the run with: ')]],
	] as const)('that ends the command line %s', async (_, end, code, stderr) => {
		const launcher = await launch([{...begun, until: 'SIGTERM', end}]);
		const ended = watch(launcher);
		await once(launcher.stdout, 'data');
		launcher.kill('SIGTERM');
		expect(await ended).toMatchObject({code, stderr, starts: [{}]});
	});

	it('reaches the command line that was started again', async () => {
		const launcher = await launch([
			{...begun, end: 'SIGSEGV'},
			{...begun, until: 'SIGINT', end: 130},
		]);
		const ended = watch(launcher);
		await once(launcher.stdout, 'data');
		launcher.kill('SIGINT');
		expect(await ended).toMatchObject({code: 130, starts: [{}, {crashed: run}]});
	});
});
