import {mkdir, readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type {Finding} from '../../src/cli/doctor/finding.ts';
import {type Workplace, runCli, workplace} from '../support/cli.ts';
import {startFakeAws} from '../support/fake-aws.ts';

let place: Workplace;

beforeAll(async () => {
	place = await workplace();
	await mkdir(join(place.path, 'thumbs'));
	await place.write('file', '');
});
afterAll(() => place[Symbol.asyncDispose]());

async function examine(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
	const {stdout, stderr, exitCode} = await runCli(['doctor', '--json', ...words], {cwd: place.path, env: {...noAws(), ...env}});
	return {
		stderr,
		exitCode,
		findings: stdout
			.trimEnd()
			.split('\n')
			.map(line => JSON.parse(line) as Finding),
	};
}

/** Whatever the machine of the tests knows of AWS. */
const noAws = () => ({HOME: place.path, ...Object.fromEntries(awsNames.map(name => [name, '']))});
const awsNames = Object.keys(process.env).filter(name => name.startsWith('AWS_'));

const fixesOf = (findings: readonly Finding[]): string[] => findings.filter(({mark}) => mark === 'fix').map(({check}) => check);

describe('twolane doctor', () => {
	it('prints a line a check, aligned, and finds nothing to fix where the tests run', async () => {
		const {stdout, stderr, exitCode} = await runCli(['doctor'], {cwd: place.path, env: noAws()});
		expect(stdout.split('\n').filter(line => !line.startsWith('               -> '))).toEqual([
			expect.stringMatching(/^ok {4}node {5}\d+\.\d+\.\d+, /u),
			expect.stringMatching(/^ok {4}sharp {4}0\.\S+ with libvips \S+; read a tiny jpeg, png, webp, gif, avif$/u),
			expect.stringMatching(/^(?:ok {2}|note) {2}cores {4}\d+ core/u),
			expect.stringMatching(/^(?:ok {2}|note) {2}memory {3}[\d.]+ [GM]iB.* free; a run holds up to \d+ MiB of fetched bytes$/u),
			expect.stringMatching(/^ok {4}threads {2}--threads auto is \d+, up to \d+ /u),
			expect.stringMatching(/^(?:ok {2}|note) {2}files {4}/u),
			expect.stringMatching(/^(?:ok {2}|note) {2}disk {5}\. can be written, [\d.]+ [GM]iB free, hard links work$/u),
			'note  aws      no AWS credentials: only s3:// and --on need them',
			'',
		]);
		expect({stderr, exitCode}).toEqual({stderr: '\nTwolane can run here.\n', exitCode: 0});
	});

	it('exits with 1 when something must be fixed, and says what to do', async () => {
		const {stdout, stderr, exitCode} = await runCli(['doctor'], {cwd: place.path, env: {...noAws(), UV_THREADPOOL_SIZE: '1'}});
		expect(stdout).toMatch(
			/^fix {3}threads .*1 thread \(UV_THREADPOOL_SIZE\)\n {15}-> Unset UV_THREADPOOL_SIZE, or make it \d+ or more: /mu,
		);
		expect({stderr, exitCode}).toEqual({stderr: '\n1 thing to fix.\n', exitCode: 1});
	});

	it('looks at --out, makes nothing, and gives one JSON object a check', async () => {
		const good = await examine(['--out', 'thumbs']);
		expect(good).toMatchObject({stderr: '', exitCode: 0});
		expect(good.findings.map(({check}) => check)).toEqual(['node', 'sharp', 'cores', 'memory', 'threads', 'files', 'disk', 'aws']);
		expect(good.findings.at(-2)?.found).toMatch(/^thumbs can be written/u);
		expect((await examine(['--out', 'not/yet'])).findings.at(-2)?.found).toMatch(/^\. can be written/u);

		const bad = await examine(['--out', 'file/below']);
		expect(fixesOf(bad.findings)).toEqual(['disk']);
		expect(bad.exitCode).toBe(1);
		expect((await readdir(place.path, {recursive: true})).toSorted()).toEqual(['file', 'thumbs']);
	});

	it('uses colours only where they are wanted', async () => {
		const words = ['doctor', '--out', 'file/below'];
		expect((await runCli(words, {cwd: place.path})).stdout).not.toContain('\u001B');
		const {stdout} = await runCli(words, {cwd: place.path, env: {FORCE_COLOR: '1'}});
		expect(stdout).toContain('\u001B[32mok');
		expect(stdout).toContain('\u001B[31mfix');
	});

	it.each([
		['--out ftp://host/thumbs', /--out ftp:\/\/host\/thumbs: name a folder, or a place in S3/u],
		['--out s3://B/thumbs', /--out s3:\/\/B\/thumbs: name a folder, or a place in S3/u],
	])('refuses %s', async (words, message) => {
		expect(await runCli(['doctor', ...words.split(' ')])).toMatchObject({stdout: '', stderr: expect.stringMatching(message), exitCode: 2});
	});
});

describe('what doctor says of AWS', () => {
	const dead = {AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b'};
	const ofAws = (findings: readonly Finding[]) => findings.slice(6);

	it('is a note when nothing that was asked for needs it', async () => {
		const {findings, exitCode} = await examine([], dead);
		expect(findings.at(-1)).toMatchObject({
			check: 'endpoint',
			mark: 'note',
			found: 'http://127.0.0.1:1 does not answer (AWS_ENDPOINT_URL)',
		});
		expect(exitCode).toBe(0);
	});

	it('must be fixed when the place of the runs, or a stack, needs it', async () => {
		const bucket = await examine(['--out', 's3://bucket/thumbs'], dead);
		expect(fixesOf(ofAws(bucket.findings))).toEqual(['bucket', 'endpoint']);
		expect(bucket.exitCode).toBe(1);
		expect(fixesOf(ofAws((await examine(['--on', 'twolane-dev'], dead)).findings))).toEqual(['endpoint']);
	});

	it('is what AWS tells: who we are, and how much may run at once', async () => {
		await using aws = await startFakeAws(({path, body}, response) => {
			if (path === '/_localstack/health') return void response.end('{"version":"1.2.3"}');
			if (body.includes('GetCallerIdentity')) return void response.setHeader('content-type', 'text/xml').end(identity);
			response
				.setHeader('content-type', 'application/json')
				.end('{"AccountLimit":{"ConcurrentExecutions":10,"UnreservedConcurrentExecutions":10}}');
		});
		const {findings, exitCode} = await examine([], {...dead, AWS_ENDPOINT_URL: aws.endpoint});
		expect(findings.slice(7)).toMatchObject([
			{check: 'endpoint', mark: 'ok', found: `${aws.endpoint} is LocalStack 1.2.3`},
			{check: 'aws', mark: 'ok', found: 'account 123456789012 in us-east-1, as arn:aws:iam::123456789012:user/ada'},
			{check: 'lambda', mark: 'note', advice: expect.stringContaining('--max-workers 5,')},
			{check: 'worker', mark: 'ok', found: expect.stringContaining('in a new account perhaps 3008')},
		]);
		expect(exitCode).toBe(0);
	});

	it('names what is wrong with the credentials', async () => {
		await using aws = await startFakeAws(({path}, response) => {
			if (path === '/_localstack/health') return void response.writeHead(404).end();
			response
				.writeHead(403, {'content-type': 'text/xml'})
				.end('<ErrorResponse><Error><Code>ExpiredToken</Code><Message>old</Message></Error></ErrorResponse>');
		});
		const {findings} = await examine([], {...dead, AWS_ENDPOINT_URL: aws.endpoint});
		expect(findings.slice(7)).toMatchObject([
			{check: 'endpoint', mark: 'ok', found: `${aws.endpoint} answers, and is no LocalStack`},
			{check: 'aws', mark: 'note', found: expect.stringMatching(/ExpiredToken/u), advice: expect.stringContaining('aws sso login')},
		]);
	});
});

const identity =
	'<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ada</Arn><UserId>x</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>';
