import {mkdir, readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type {Finding} from '../../src/cli/doctor/finding.ts';
import {type Workplace, runCli, workplace} from '../support/cli.ts';

let place: Workplace;

beforeAll(async () => {
	place = await workplace();
	await mkdir(join(place.path, 'thumbs'));
	await place.write('file', '');
});
afterAll(() => place[Symbol.asyncDispose]());

async function examine(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
	const {stdout, stderr, exitCode} = await runCli(['doctor', '--json', ...words], {cwd: place.path, env});
	return {
		stderr,
		exitCode,
		findings: stdout
			.trimEnd()
			.split('\n')
			.map(line => JSON.parse(line) as Finding),
	};
}

const fixesOf = (findings: readonly Finding[]): string[] => findings.filter(({mark}) => mark === 'fix').map(({check}) => check);

describe('twolane doctor', () => {
	it('prints a line a check, aligned, and finds nothing to fix where the tests run', async () => {
		const {stdout, stderr, exitCode} = await runCli(['doctor'], {cwd: place.path});
		expect(stdout.split('\n').filter(line => !line.startsWith('               -> '))).toEqual([
			expect.stringMatching(/^ok {4}node {5}\d+\.\d+\.\d+, /u),
			expect.stringMatching(/^ok {4}sharp {4}0\.\S+ with libvips \S+; read a tiny jpeg, png, webp, gif, avif$/u),
			expect.stringMatching(/^(?:ok {2}|note) {2}cores {4}\d+ core/u),
			expect.stringMatching(/^(?:ok {2}|note) {2}memory {3}[\d.]+ [GM]iB.* free; a run holds up to \d+ MiB of fetched bytes$/u),
			expect.stringMatching(/^ok {4}threads {2}--threads auto is \d+, up to \d+ /u),
			expect.stringMatching(/^(?:ok {2}|note) {2}files {4}/u),
			expect.stringMatching(/^(?:ok {2}|note) {2}disk {5}\. can be written, [\d.]+ [GM]iB free, hard links work$/u),
			'',
		]);
		expect({stderr, exitCode}).toEqual({stderr: '\nTwolane can run here.\n', exitCode: 0});
	});

	it('exits with 1 when something must be fixed, and says what to do', async () => {
		const {stdout, stderr, exitCode} = await runCli(['doctor'], {cwd: place.path, env: {UV_THREADPOOL_SIZE: '1'}});
		expect(stdout).toMatch(
			/^fix {3}threads .*1 thread \(UV_THREADPOOL_SIZE\)\n {15}-> Unset UV_THREADPOOL_SIZE, or make it \d+ or more: /mu,
		);
		expect({stderr, exitCode}).toEqual({stderr: '\n1 thing to fix.\n', exitCode: 1});
	});

	it('looks at --out, makes nothing, and gives one JSON object a check', async () => {
		const good = await examine(['--out', 'thumbs']);
		expect(good).toMatchObject({stderr: '', exitCode: 0});
		expect(good.findings.map(({check}) => check)).toEqual(['node', 'sharp', 'cores', 'memory', 'threads', 'files', 'disk']);
		expect(good.findings.at(-1)?.found).toMatch(/^thumbs can be written/u);
		expect((await examine(['--out', 'not/yet'])).findings.at(-1)?.found).toMatch(/^\. can be written/u);

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

	it('refuses an --out that is no folder of this machine', async () => {
		expect(await runCli(['doctor', '--out', 's3://bucket/thumbs'])).toMatchObject({
			stdout: '',
			stderr: 'twolane: --out s3://bucket/thumbs: this version writes into a folder.\n',
			exitCode: 2,
		});
	});
});
