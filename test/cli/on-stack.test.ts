import {readdir} from 'node:fs/promises';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {type Workplace, runCli, workplace} from '../support/cli.ts';
import {type FakeAws, startFakeAws} from '../support/fake-aws.ts';

let place: Workplace;
let aws: FakeAws;

/** CloudFormation's answers for the stacks that these tests know. */
const outputs: Readonly<Record<string, readonly string[]>> = {other: ['Website'], 'twolane-old': ['Out', 'Orchestrator']};
const describeStack = (names: readonly string[]): string => {
	const members = names.map(name => `<member><OutputKey>${name}</OutputKey><OutputValue>x</OutputValue></member>`).join('');
	const stack = `<StackName>x</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus><Outputs>${members}</Outputs>`;
	return `<DescribeStacksResponse><DescribeStacksResult><Stacks><member>${stack}</member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;
};
const refusal = (code: string): string =>
	`<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>no</Message></Error></ErrorResponse>`;

beforeAll(async () => {
	place = await workplace();
	await place.write('list.jsonl', '{"url":"https://example.com/a.jpg"}\n');
	await place.write('flow.ts', 'export default {};\n');
	aws = await startFakeAws(({body}, response) => {
		const name = new URLSearchParams(body).get('StackName') ?? '';
		if (name === 'secret') return void response.writeHead(403).end(refusal('AccessDenied'));
		const found = outputs[name];
		if (found === undefined) return void response.writeHead(400).end(refusal('ValidationError'));
		response.writeHead(200, {'content-type': 'text/xml'}).end(describeStack(found));
	});
});
afterAll(async () => {
	await Promise.all([place[Symbol.asyncDispose](), aws[Symbol.asyncDispose]()]);
});

async function refuse(words: string) {
	const before = aws.requests.length;
	const env = {AWS_ENDPOINT_URL: aws.endpoint, AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test'};
	const {stdout, stderr, exitCode} = await runCli(words.split(' '), {cwd: place.path, env});
	expect((await readdir(place.path)).toSorted()).toEqual(['flow.ts', 'list.jsonl']);
	return {exitCode, stdout, stderr, asked: aws.requests.length - before};
}

describe('words that no stack can mean exit with 2, and nobody is asked', () => {
	it.each([
		['run list.jsonl --on twolane-dev --out thumbs', /--out and --on: a stack has its own places/u],
		['run list.jsonl --on twolane-dev --state s3://bucket/records', /--state and --on/u],
		['plan list.jsonl --on twolane-dev --out thumbs', /--out and --on/u],
		['status --on twolane-dev --out thumbs', /--out and --on/u],
		['ls --on twolane-dev --state thumbs', /--state and --on/u],
		['run list.jsonl --on=', /--on is empty/u],
		['run list.jsonl --on arn:aws:cloudformation:eu-west-1:1:stack/a/b', /give the name of a deployed stack, such as twolane-dev/u],
		['results --on=', /--on is empty/u],
		['doctor --on=', /--on is empty/u],
		['run list.jsonl --on twolane-dev --flow ./flow.ts', /--flow \.\/flow\.ts and --on: a stack has the flows it was deployed with/u],
		['run list.jsonl --on twolane-dev --allow-origin http://127.0.0.1:8080', /--allow-origin and --on: no stack reads private addresses/u],
		['run list.jsonl --on twolane-dev --engine fast', /Allowed choices are auto, in-process, lambda, distributed-map/u],
		['run list.jsonl --on twolane-dev --max-workers 0', /It is from 1 to 10000/u],
		['run list.jsonl --out thumbs --engine lambda', /--engine lambda needs --on STACK/u],
		['plan list.jsonl --out thumbs --engine distributed-map', /--engine distributed-map needs --on STACK/u],
		['run list.jsonl', /'--out <dir>' not specified; --on STACK/u],
		['resume', /Give the path that the run printed, or --out DIR, or --on STACK/u],
	])('%s', async (words, message) => {
		expect(await refuse(words)).toEqual({exitCode: 2, stdout: '', stderr: expect.stringMatching(message), asked: 0});
	});
});

describe('a stack that cannot be used exits with 3', () => {
	it.each([
		['run list.jsonl --on none', /there is no stack 'none' in this account and region\. Check --on, AWS_REGION and your credentials/u],
		['status --on none', /there is no stack 'none'/u],
		['run list.jsonl --on secret', /stack 'secret' may not be looked at/u],
		['plan list.jsonl --on other', /other is no stack of twolane: it has no outputs Out, Orchestrator and Worker/u],
		['ls --on twolane-old', /twolane-old is no stack of twolane/u],
	])('%s', async (words, message) => {
		const {asked, ...end} = await refuse(words);
		expect(end).toEqual({exitCode: 3, stdout: '', stderr: expect.stringMatching(message)});
		expect(asked).toBe(1);
	});
});

describe('a run of this machine', () => {
	it('may name its own engine; a number of workers is noted', async () => {
		const end = await runCli(['run', 'list.jsonl', '--limit', '0', '--out', 'out', '--engine', 'in-process', '--max-workers', '9'], {
			cwd: place.path,
		});
		expect(end).toMatchObject({exitCode: 0, stderr: expect.stringContaining('--max-workers counts with --on STACK')});
	});
});
