import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {s3Store} from '../../src/adapters/s3/store.ts';
import {type Workplace, readJsonLines, runCli, startCli, workplace} from '../support/cli.ts';
import {localStack} from '../support/localstack.ts';
import {type TestBucket, openBucket} from '../support/s3-bucket.ts';

const FLOW = `
import {defineFlow, sourceItem, TwolaneError} from 'twolane';
export default defineFlow({
	name: 'upper',
	item: sourceItem,
	async fetch(item, {read}) {
		const text = Buffer.from(await read(item)).toString();
		if (process.env.HANG === '1' && text === 'text c') await new Promise(() => {});
		if (text.startsWith('bad')) throw new TwolaneError('BAD_TEXT', 'this text is bad');
		return text;
	},
	async store(text, {put}) {
		await put('text.txt', text.toUpperCase());
		return {length: text.length};
	},
});
`;

let bucket: TestBucket;
let place: Workplace;
let out: string;
beforeEach(async () => {
	[bucket, place] = await Promise.all([openBucket(), workplace()]);
	await place.write('flow.ts', FLOW);
	for (const name of ['a', 'b', 'c']) await place.write(`texts/${name}.txt`, name === 'b' ? 'bad text' : `text ${name}`);
	await place.write('list.jsonl', ['a', 'b', 'c'].map(name => JSON.stringify({id: name, file: `texts/${name}.txt`})).join('\n'));
	out = `s3://${bucket.bucket}/thumbs`;
});
afterEach(async () => {
	await Promise.all([bucket.dispose(), place[Symbol.asyncDispose]()]);
});

const given = (env: Readonly<Record<string, string>> = {}) => ({cwd: place.path, env: {...localStack().env, ...env}});
const twolane = (words: string, env?: Readonly<Record<string, string>>) =>
	runCli(words.replaceAll('OUT', out).replaceAll('BUCKET', bucket.bucket).split(' '), given(env));
const keysBelow = async (prefix: string): Promise<string[]> => (await Array.fromAsync(s3Store(bucket).list(prefix))).map(({key}) => key);
const RUN = 'run list.jsonl --flow ./flow.ts --out OUT';

describe('a run from the laptop into S3', () => {
	it('is found by every command, by its address, its id or as the newest, and goes through redrive', async () => {
		const first = await twolane(RUN);
		expect(first).toMatchObject({exitCode: 1, stderr: expect.not.stringContaining('bug')});
		const [, address = ''] = /^run +(s3:\S+)$/mu.exec(first.stdout) ?? [];
		expect(address).toMatch(new RegExp(`^${out}/\\.twolane/runs/[0-9a-f]{26}$`, 'u'));
		expect(first.stdout).toContain(`results  ${out}\n`);
		expect(first.stdout).toContain(`next     node`);
		const runId = address.slice(-26);

		for (const words of [address, `${runId.slice(0, 8)} --out OUT`, '--out OUT', `${address}/run.json`]) {
			const {stdout, exitCode} = await twolane(`status ${words} --json`);
			expect({words, exitCode, ...(JSON.parse(stdout) as object)}).toMatchObject({exitCode: 0, id: runId, status: 'FAILED'});
		}
		expect((await twolane('ls --out OUT')).stdout).toContain(address);
		expect((await twolane(`results ${address} --failed`)).stdout).toMatch(/^\{"n":1,"id":"b",.*"BAD_TEXT".*\}\n$/u);
		const again = await twolane(`${RUN} --json`);
		expect(readJsonLines(again.stdout).report).toMatchObject({runId, itemCounts: {succeeded: 2, failed: 1}});

		await place.write('texts/b.txt', 'good text');
		expect(await twolane(`redrive ${address}`)).toMatchObject({exitCode: 0});
		expect(await twolane(`resume ${address}`)).toMatchObject({exitCode: 3, stderr: expect.stringContaining('has ended')});
		const texts = (await keysBelow('thumbs/')).filter(key => key.endsWith('/text.txt'));
		expect(texts).toHaveLength(3);
		expect((await bucket.head(texts[0] ?? '')).metadata).toMatchObject({runid: runId});
	});

	it('keeps its records apart with --state, also in a folder', async () => {
		expect(await twolane(`${RUN} --state s3://BUCKET/records/`)).toMatchObject({exitCode: 1});
		expect((await keysBelow('thumbs/')).filter(key => key.includes('.twolane'))).toEqual([]);
		expect((await twolane('status --state s3://BUCKET/records')).stdout).toContain(`s3://${bucket.bucket}/records/runs/`);
		expect(await twolane(`${RUN} --state state`)).toMatchObject({exitCode: 1});
		expect(await place.list('state')).toContainEqual(expect.stringMatching(/^runs\/[0-9a-f]{26}\/run\.json$/u));
		expect(await twolane('status --state state --json')).toMatchObject({exitCode: 0});
	});

	it('is planned without leaving anything, and finds itself in the plan', async () => {
		const before = JSON.parse((await twolane(`plan list.jsonl --flow ./flow.ts --out OUT --json`)).stdout) as {
			run: {id: string; action: string};
		};
		expect(before.run.action).toBe('start');
		expect(await keysBelow('')).toEqual([]);
		await twolane(RUN);
		const after = JSON.parse((await twolane(`plan list.jsonl --flow ./flow.ts --out OUT --json`)).stdout) as typeof before;
		expect(after.run).toMatchObject({id: before.run.id, action: 'report'});
	});

	/** The first two items have ended, the third one never does. */
	async function interrupted(): Promise<void> {
		const running = startCli([...RUN.replaceAll('OUT', out).split(' '), '--json'], given({HANG: '1'}));
		await Promise.all([running.saw('stdout', /"id":"a"/u), running.saw('stdout', /"id":"b"/u)]);
		running.kill('SIGINT');
		expect((await running.ended).exitCode).toBe(130);
	}
	const statusNow = async (): Promise<unknown> => JSON.parse((await twolane('status --out OUT --json')).stdout);

	it('that is interrupted goes on with resume', async () => {
		await interrupted();
		expect(await statusNow()).toMatchObject({status: 'PAUSED', itemCounts: {succeeded: 1, failed: 1, pending: 1}});
		expect(await twolane('resume --out OUT')).toMatchObject({exitCode: 1});
		expect(await statusNow()).toMatchObject({status: 'FAILED', itemCounts: {succeeded: 2, failed: 1, pending: 0}});
	});

	it('that is interrupted can be cancelled, and its rest redriven', async () => {
		await interrupted();
		expect(await twolane('cancel --out OUT')).toMatchObject({exitCode: 0});
		expect(await statusNow()).toMatchObject({status: 'CANCELLED', itemCounts: {pending: 1}});
		await place.write('texts/b.txt', 'good text');
		expect(await twolane('redrive --out OUT')).toMatchObject({exitCode: 0});
		expect(await statusNow()).toMatchObject({status: 'SUCCEEDED', generation: 1, itemCounts: {succeeded: 3, pending: 0}});
	});
});

describe('sources in S3 from the laptop', () => {
	it('may be a manifest, a prefix or an inventory; outputs below the prefix never become items', async () => {
		await bucket.put('in/one.txt', 'one');
		await bucket.put('in/two.txt', 'two');
		await bucket.put('list.txt', `s3://${bucket.bucket}/in/one.txt\n`);
		const listed = await twolane('run s3://BUCKET/list.txt --flow ./flow.ts --out s3://BUCKET/in/out --json');
		expect(readJsonLines(listed.stdout).rows).toMatchObject([{id: `s3://${bucket.bucket}/in/one.txt`, status: 'succeeded'}]);
		for (const time of ['first', 'again']) {
			const {stdout} = await twolane('run s3://BUCKET/in/ --flow ./flow.ts --out s3://BUCKET/in/out --json');
			expect(
				readJsonLines(stdout)
					.rows.map(({id}) => id)
					.toSorted(),
				time,
			).toEqual(['one', 'two'].map(name => `s3://${bucket.bucket}/in/${name}.txt`));
		}
		expect(await twolane('validate s3://BUCKET/list.txt --flow ./flow.ts')).toMatchObject({
			exitCode: 0,
			stdout: expect.stringContaining('1 item'),
		});
		const looped = await twolane('run s3://BUCKET/in/out/ --flow ./flow.ts --out s3://BUCKET/in/out');
		expect(looped).toMatchObject({exitCode: 2, stderr: expect.stringContaining('is also --out')});
	});
});

describe('what cannot be reached exits with 3 and one sentence that says what to do', () => {
	it.each([
		[
			'no such bucket',
			'run list.jsonl --flow ./flow.ts --out s3://no-such-bucket-of-ours/x',
			{},
			/bucket does not exist: create it, or name another one/u,
		],
		['no such list', 'run s3://BUCKET/none.jsonl --flow ./flow.ts --out out', {}, /there is no such object/u],
		['no such run', 'status --out OUT', {}, /There is no run in s3:/u],
		['no run of that address', 'status s3://BUCKET/thumbs/.twolane/runs/abc', {}, /there is no run abc in s3:/u],
		['no address of a run', 'status s3://BUCKET/thumbs', {}, /a run's address looks like/u],
		[
			'no credentials',
			RUN,
			{AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_EC2_METADATA_DISABLED: 'true', HOME: '/nonexistent'},
			/there are no valid AWS credentials: set AWS_PROFILE/u,
		],
		['no server', RUN, {AWS_ENDPOINT_URL: 'http://127.0.0.1:1'}, /S3 could not answer \(ECONNREFUSED\)/u],
	])('%s', async (_, words, env, message) => {
		const {stdout, stderr, exitCode} = await twolane(words, env);
		expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 3});
		expect(stderr).toMatch(message);
		expect(stderr.trimEnd().split('\n')).toHaveLength(1);
	});
});
