import sharp from 'sharp';
import {afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {type Workplace, readJsonLines, runCli, workplace} from '../support/cli.ts';
import {type TestStack, testStack} from '../support/deployed-stack.ts';
import {localStack} from '../support/localstack.ts';

const STACK = 'twolane-local';

let stack: TestStack;
let picture: Buffer;
let place: Workplace;
beforeAll(async () => {
	stack = await testStack();
	picture = await sharp({create: {width: 400, height: 300, channels: 3, background: 'teal'}})
		.png()
		.toBuffer();
});
beforeEach(async () => void (place = await workplace()));
afterEach(async () => await place[Symbol.asyncDispose]());

let folders = 0;
/** A prefix of a test's own, away from the inputs that start something by themselves. */
const newFolder = (): string => `photos-${process.pid}-${Date.now()}-${folders++}`;

const twolane = (words: string, stdin = '') => runCli(words.split(' '), {cwd: place.path, env: localStack().env, stdin});
const address = (key: string): string => `s3://${stack.bucket}/${key}`;
const listOf = (keys: readonly string[]): string =>
	keys.map(key => `${JSON.stringify({id: key.split('/').at(-1), s3: address(key)})}\n`).join('');

interface Started {
	readonly type: 'started';
	readonly runId: string;
	readonly run: string;
	readonly stack: string;
}

async function start(words: string, stdin?: string): Promise<Started> {
	const {stdout, stderr, exitCode} = await twolane(`${words} --json`, stdin);
	expect({exitCode, stderr}).toEqual({exitCode: 0, stderr: ''});
	return JSON.parse(stdout) as Started;
}

/** How the run stands when `status --watch` lets go of it. */
async function watch(run: string) {
	const {stdout, exitCode} = await twolane(`status --watch --json ${run}`);
	expect(exitCode).toBe(0);
	return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Awaited<ReturnType<TestStack['runs']['getRun']>>;
}

/** A list that keeps one worker busy for a while: nothing of it is there. */
async function startLong(): Promise<Started & {readonly again: () => Promise<Started>}> {
	const folder = newFolder();
	const keys = Array.from({length: 3000}, (_, n) => `${folder}/${n}.png`);
	const again = () => start(`run - --on ${STACK} --engine lambda --max-workers 1 --io 1`, listOf(keys));
	const started = await again();
	await stack.until(started.runId, ({itemCounts: {failed, pending}}) => failed > 0 && pending > 0);
	return {...started, again};
}

describe('run --on STACK', () => {
	it('starts a run there that status, results and redrive work on', async () => {
		const folder = newFolder();
		const keys = ['a', 'b', 'late'].map(name => `${folder}/${name}.png`);
		for (const key of keys.slice(0, 2)) await stack.put(key, picture);
		await place.write('list.jsonl', listOf(keys));

		const planned = JSON.parse((await twolane(`plan list.jsonl --on ${STACK} --json`)).stdout) as {run: {id: string}; engine: unknown};
		const started = await start(`run list.jsonl --on ${STACK} --size 64`);
		expect(started).toEqual({
			type: 'started',
			runId: expect.stringMatching(/^[0-9a-f]{26}$/u),
			run: `${stack.out}/.twolane/runs/${started.runId}`,
			stack: STACK,
		});
		expect(planned.engine).toEqual({name: 'in-process', reason: expect.stringMatching(/of work for one process, which has \d+ min/u)});
		expect(await watch(started.run)).toMatchObject({status: 'FAILED', itemCounts: {succeeded: 2, failed: 1, total: 3}});

		const results = await twolane(`results ${started.run}`);
		const rows = results.stdout
			.trimEnd()
			.split('\n')
			.map(line => JSON.parse(line) as {id: string; status: string; outputs: {key: string}[]});
		expect(rows.map(({id, status}) => `${id} ${status}`)).toEqual(['a.png succeeded', 'b.png succeeded', 'late.png failed']);
		const made = await stack.store.get(rows[0]?.outputs[0]?.key ?? '');
		expect(await sharp(made?.body).metadata()).toMatchObject({format: 'jpeg', width: 64, height: 48});

		// The same words find the same run, and say how it has ended.
		const again = await twolane(`run list.jsonl --on ${STACK} --size 64 --json`);
		expect(again.exitCode).toBe(1);
		expect(readJsonLines(again.stdout).report).toMatchObject({runId: started.runId, itemCounts: {succeeded: 2, failed: 1}});

		await stack.put(keys[2] ?? '', picture);
		expect(await start(`redrive ${started.run}`)).toEqual(started);
		expect(await watch(started.run)).toMatchObject({status: 'SUCCEEDED', generation: 1, itemCounts: {succeeded: 3, failed: 0}});
		const ended = await twolane(`run list.jsonl --on ${STACK} --size 64`);
		expect(ended).toMatchObject({exitCode: 0, stdout: expect.stringContaining(`run      ${started.run}`)});
	});

	it('plans what it then runs', async () => {
		const folder = newFolder();
		await stack.put(`${folder}/a.png`, picture);
		await stack.put(`${folder}/note.txt`, 'no picture');
		const words = `${address(folder)}/ --on ${STACK} --format webp --engine distributed-map`;
		const planned = JSON.parse((await twolane(`plan ${words} --json`)).stdout) as {run: {id: string; action: string}};
		expect(planned).toMatchObject({run: {action: 'start'}, items: 1, engine: {name: 'distributed-map'}, maxWorkers: 50});
		const started = await start(`run ${words}`);
		expect(started.runId).toBe(planned.run.id);
		expect(await watch(`--on ${STACK} ${started.runId.slice(0, 12)}`)).toMatchObject({id: started.runId, status: 'SUCCEEDED'});
		expect((await twolane(`ls --on ${STACK}`)).stdout).toContain(started.run);
	});

	it('can be cancelled, and its rest redriven', async () => {
		const {run, runId} = await startLong();
		const cancelled = await twolane(`cancel ${run}`);
		expect(cancelled).toMatchObject({exitCode: 0, stdout: expect.stringContaining('CANCELLED')});
		// Redrive waits until whoever works on the run has let go of it.
		await start(`redrive ${run}`);
		const view = await stack.until(runId, ({generation, status}) => generation === 1 && status === 'RUNNING');
		expect(view.itemCounts.total).toBe(3000);
		await twolane(`cancel ${run}`);
		expect(await watch(run)).toMatchObject({status: 'CANCELLED', generation: 1});
	});

	it('goes on after a pause, by resume and by the same words', async () => {
		const {run, runId, again} = await startLong();
		expect(await twolane(`pause --on ${STACK} ${runId}`)).toMatchObject({exitCode: 0, stdout: expect.stringContaining('PAUSED')});
		expect(await watch(run)).toMatchObject({status: 'PAUSED'});
		expect(await start(`resume ${run}`)).toMatchObject({runId});
		await stack.until(runId, ({status}) => status === 'RUNNING');
		await twolane(`pause ${run}`);
		expect(await again()).toMatchObject({runId});
		await stack.until(runId, ({status}) => status === 'RUNNING');
		await twolane(`cancel ${run}`);
	});

	it('refuses a folder, and files of this machine, before there is a run', async () => {
		await place.write('photos/a.png', picture);
		await place.write('files.jsonl', '{"file":"photos/a.png"}\n');
		const newest = async () => (await stack.runs.listRuns({limit: 1})).runs[0]?.id;
		const before = await newest();
		expect(await twolane(`run photos --on ${STACK}`)).toMatchObject({
			exitCode: 2,
			stderr: expect.stringContaining(`aws s3 sync photos s3://${stack.bucket}/photos/`),
		});
		expect(await twolane(`run files.jsonl --on ${STACK}`)).toMatchObject({
			exitCode: 2,
			stderr: expect.stringContaining("'photos/a.png' is a file of this machine, which no stack can read"),
		});
		expect(await newest()).toBe(before);
	});
});

it('doctor knows the account, the bucket and the functions', async () => {
	const {stdout, exitCode} = await twolane(`doctor --json --on ${STACK} --out ${stack.out}`);
	const findings = stdout
		.trimEnd()
		.split('\n')
		.map(line => JSON.parse(line) as {check: string; mark: string; found: string});
	expect(findings.slice(6)).toMatchObject([
		{check: 'bucket', mark: 'ok', found: expect.stringContaining('of two writers one wins')},
		{check: 'endpoint', mark: 'ok', found: expect.stringContaining('is LocalStack')},
		{check: 'aws', mark: 'ok', found: expect.stringContaining('account 000000000000 in us-east-1')},
		{check: 'lambda', found: expect.stringMatching(/^\d+ functions at once/u)},
		{check: 'stack', mark: 'ok', found: `${STACK} writes to ${stack.out}`},
		{check: 'worker', mark: 'ok', found: expect.stringContaining('1769 MB')},
	]);
	expect(exitCode).toBe(0);
	// Nothing of the try is left.
	for await (const {key} of stack.store.list('.twolane-doctor')) throw new Error(`${key} is left`);
});
