import {createHash} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import sharp from 'sharp';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {type CliEnd, type Row, type Workplace, readJsonLines, readKeptRun, runCli, workplace} from '../support/cli.ts';
import {type HttpOrigin, empty, httpOrigin, resetBeforeHeaders, serve} from '../support/http-origin.ts';

const escape = '\u001B';
const secret = 'token-of-nobody';

let origin: HttpOrigin;
let place: Workplace;
let photo: Buffer;
let sixty: string;

/** What a person must be able to do about each. */
const broken = {
	missing: ['HTTP_STATUS', /404/u],
	cut: ['IMAGE_TRUNCATED', /complete copy/iu],
	page: ['FORMAT_UNSUPPORTED', /JPEG, PNG, WebP/u],
	reset: ['CONNECTION_RESET', /server.*log|run it again/iu],
	empty: ['EMPTY_BODY', /check the file/iu],
	private: ['ADDRESS_DENIED', /--allow-origin/u],
} as const;

beforeAll(async () => {
	origin = await httpOrigin();
	place = await workplace();
	photo = await sharp({create: {width: 640, height: 480, channels: 3, background: 'teal', noise: {type: 'gaussian', mean: 128, sigma: 40}}})
		.jpeg()
		.toBuffer();
	const lines: string[] = [];
	for (let n = 0; n < 54; n++) {
		origin.on(`/good-${n}.jpg?${secret}`, serve(photo));
		lines.push(JSON.stringify({id: `good-${n}`, url: origin.url(`/good-${n}.jpg?${secret}`)}));
	}
	origin.on('/cut', serve(photo.subarray(0, photo.length / 2)));
	origin.on('/page', serve('<!doctype html><title>Log in</title>'));
	origin.on('/reset', resetBeforeHeaders);
	origin.on('/empty', empty);
	for (const name of Object.keys(broken)) {
		lines.splice(
			lines.length / 2,
			0,
			JSON.stringify({id: name, url: name === 'private' ? 'http://10.1.2.3/a.jpg' : origin.url(`/${name}`)}),
		);
	}
	sixty = await place.write('sixty.jsonl', `${lines.join('\n')}\n`);
});

afterAll(async () => {
	await origin[Symbol.asyncDispose]();
	await place[Symbol.asyncDispose]();
});

describe('a list of 60 URLs of which 6 are broken, with --json', () => {
	let end: CliEnd;
	let rows: Row[];
	let out: string;

	beforeAll(async () => {
		out = join(place.path, 'sixty');
		end = await runCli(['run', sixty, '--out', out, '--allow-origin', origin.origin, '--attempts', '2', '--json']);
		({rows} = readJsonLines(end.stdout));
	});

	it('exits with 1 and tells of each item once', () => {
		expect({exitCode: end.exitCode, stderr: end.stderr}).toEqual({exitCode: 1, stderr: ''});
		expect(rows.map(({n}) => n).toSorted((a, b) => a - b)).toEqual(Array.from({length: 60}, (_, n) => n));
		expect(readJsonLines(end.stdout).report).toMatchObject({
			itemCounts: {total: 60, succeeded: 54, failed: 6, skipped: 0, pending: 0, running: 0},
			completionReason: 'ALL_COMPLETED',
		});
	});

	it.each(Object.entries(broken))('names what is wrong with %s, and what to do', (id, [code, advice]) => {
		const error = rows.find(row => row.id === id)?.error;
		expect(error?.code).toBe(code);
		expect(error?.message).toMatch(advice);
		expect(error?.message).toMatch(/^\S.{30,300}[.!]$/u);
		expect(error?.message).toContain(id === 'private' ? '10.1.2.3' : id === 'cut' || id === 'page' ? 'image' : origin.origin);
	});

	it('says the status of an HTTP error, and tries again only what may pass', () => {
		expect(rows.find(({id}) => id === 'missing')?.error).toMatchObject({status: 404, retryable: false});
		expect(origin.requests.filter(({path}) => path === '/missing')).toHaveLength(1);
		expect(rows.find(({id}) => id === 'reset')).toMatchObject({attempts: 2, error: {retryable: true}});
		expect(origin.requests.filter(({path}) => path === '/reset')).toHaveLength(2);
	});

	it('leaves a file for each success that decodes and has the recorded size and sha256', async () => {
		const outputs = rows.flatMap(({status, outputs = []}) => (status === 'succeeded' ? outputs : []));
		expect(outputs).toHaveLength(54);
		expect(new Set(outputs.map(({key}) => key)).size).toBe(54);
		for (const {key, bytes, sha256} of outputs) {
			const body = await readFile(join(out, key));
			expect({bytes: body.length, sha256: createHash('sha256').update(body).digest('hex')}).toEqual({bytes, sha256});
			const {info} = await sharp(body, {failOn: 'warning'}).raw().toBuffer({resolveWithObject: true});
			expect([info.width, info.height]).toEqual([256, 192]);
		}
		expect((await place.list('sixty')).filter(name => name.endsWith('.jpg'))).toHaveLength(54);
	});

	it('keeps the same rows in files that the results manifest describes', async () => {
		const kept = await readKeptRun(join(out, '.twolane'));
		expect(kept.results).toMatchObject({flow: 'thumbnail', generation: 0, sealed: 3, itemCounts: {succeeded: 54, failed: 6}});
		const withoutType = rows.map(({type: _, ...row}: Row & {type?: string}) => row);
		const byN = (a: Row, b: Row): number => a.n - b.n;
		expect([...kept.rows.SUCCEEDED, ...kept.rows.FAILED].toSorted(byN)).toEqual(withoutType.toSorted(byN));
		expect(kept.rows.PENDING).toEqual([]);
		expect(kept.report.topErrors.map(({code}) => code).toSorted()).toEqual(
			Object.values(broken)
				.map(([code]) => code)
				.toSorted(),
		);
		const sha256 = createHash('sha256')
			.update(await readFile(sixty))
			.digest('hex');
		const {runId} = kept.results;
		const sources = [{kind: 'file', name: sixty, path: sixty, sha256}];
		expect(kept.spec).toMatchObject({flow: 'thumbnail', sources, out: pathToFileURL(out).href, runId});
	});

	it('shows no query of a URL: not on stdout, not in the records but the run’s own items', async () => {
		expect(end.stdout + end.stderr).not.toContain(secret);
		const records = (await place.list('sixty/.twolane')).filter(name => !/\/0\/items-\w+\.jsonl$/u.test(name));
		const kinds = records.map(name => name.replace(/^runs\/\w+\//u, '').replaceAll(/\d+/gu, '0'));
		expect(kinds).toEqual(expect.arrayContaining(['run.json', '0/plan.json', '0/rows/0-0-FAILED.jsonl', '0/seals/0.json', 'report.json']));
		for (const name of records) expect(await readFile(join(out, '.twolane', name), 'utf8')).not.toContain(secret);
	});
});

describe('what a person sees', () => {
	const list = async (name: string, ids: readonly string[]): Promise<string> =>
		place.write(
			name,
			ids.map(id => JSON.stringify({id, url: origin.url(id.startsWith('good') ? `/${id}.jpg?${secret}` : `/${id}`)})).join('\n'),
		);
	const run = async (manifest: string, name: string, ...more: string[]): Promise<CliEnd> =>
		runCli(['run', manifest, '--out', name, '--allow-origin', origin.origin, ...more], {cwd: place.path});

	it('is a summary on stdout, without an escape code where no terminal is: counts, errors, verdict, places', async () => {
		const {stdout, stderr, exitCode} = await run(await list('plain.jsonl', ['good-1', 'good-2', 'missing']), 'plain');
		expect(exitCode).toBe(1);
		expect(stdout + stderr).not.toContain(escape);
		expect(stdout).toMatch(/^2 succeeded, 1 failed {2}in [\d.]+ s, [\d.]+ items\/s$/mu);
		expect(stdout).toMatch(/^1 x HTTP_STATUS {2}e\.g\. missing\n {4}\S.*404/mu);
		expect(stdout).toMatch(/^verdict: [a-z-]+$/mu);
		expect(stdout).toMatch(/^results {2}plain$/mu);
		expect(stdout).toMatch(/^run {6}plain\/\.twolane\/runs\/[0-9a-f]{26}$/mu);
		const [, failed = ''] = /^failed {3}(.*)$/mu.exec(stdout) ?? [];
		expect(await readFile(join(place.path, failed), 'utf8')).toContain('"id":"missing"');
	});

	it('is nothing with --quiet', async () => {
		const {stdout, stderr, exitCode} = await run(await list('quiet.jsonl', ['good-1']), 'quiet', '--quiet');
		expect({stdout, stderr, exitCode}).toEqual({stdout: '', stderr: '', exitCode: 0});
	});

	it('has colours where FORCE_COLOR asks for them, and none where NO_COLOR forbids them', async () => {
		const manifest = await list('colour.jsonl', ['good-1']);
		const command = ['run', manifest, '--out', 'colour', '--allow-origin', origin.origin];
		expect((await runCli(command, {cwd: place.path, env: {FORCE_COLOR: '1'}})).stdout).toContain(`${escape}[32m1 succeeded`);
		expect((await runCli(command, {cwd: place.path, env: {NO_COLOR: '1'}})).stdout).not.toContain(escape);
	});

	it('says that there is nothing to do when a list is empty', async () => {
		const {stdout, exitCode} = await run(await place.write('none.jsonl', ''), 'none');
		expect(exitCode).toBe(0);
		expect(stdout).toMatch(/^Nothing to do: /mu);
		const {results, rows} = await readKeptRun(join(place.path, 'none/.twolane'));
		expect(results.itemCounts).toMatchObject({total: 0});
		expect(Object.values(rows).flat()).toEqual([]);
	});
});

it('ends quietly when nobody reads its output any more', async () => {
	const manifest = await place.write(
		'many.jsonl',
		Array.from({length: 500}, (_, n) => JSON.stringify({id: `${n}`, file: `none-${n}`})).join('\n'),
	);
	const {execFile} = await import('node:child_process');
	const {promisify} = await import('node:util');
	const command = `"$0" bin/twolane.js run "${manifest}" --out "${join(place.path, 'head')}" --json | head -n 1; exit \${PIPESTATUS[0]}`;
	const error: unknown = await promisify(execFile)('bash', ['-c', command, process.execPath]).catch((thrown: unknown) => thrown);
	expect(error).toMatchObject({code: 141, stderr: ''});
	expect(error).toHaveProperty('stdout', expect.stringMatching(/^\{"type":"outcome",.*\}\n$/u));
});

describe('tolerance', () => {
	const run = async (name: string, ...more: string[]): Promise<CliEnd> => {
		const ids = ['missing', ...Array.from({length: 9}, (_, n) => `good-${n}`)];
		const lines = ids.map(id => JSON.stringify({id, url: origin.url(id === 'missing' ? '/missing' : `/${id}.jpg?${secret}`)}));
		const manifest = await place.write(`${name}.jsonl`, lines.join('\n'));
		return runCli(['run', manifest, '--out', join(place.path, name), '--allow-origin', origin.origin, '--json', ...more]);
	};

	it.each([
		['--tolerated-failure-count', '1'],
		['--tolerated-failure-percentage', '10%'],
	])('exits with 0 when the failures are within %s %s', async (...flags) => {
		const {exitCode, stdout} = await run(`within${flags[0]}`, ...flags);
		expect(exitCode).toBe(0);
		expect(readJsonLines(stdout).report).toMatchObject({completionReason: 'ALL_COMPLETED', itemCounts: {failed: 1, succeeded: 9}});
	});

	it.each([
		['--tolerated-failure-count', '0'],
		['--tolerated-failure-percentage', '9.9'],
	])('exits with 4 when they exceed %s %s, and lists as pending what it did not take', async (...flags) => {
		const name = `beyond${flags[0]}`;
		const {exitCode, stdout} = await run(name, ...flags);
		expect(exitCode).toBe(4);
		const {rows} = await readKeptRun(join(place.path, name, '.twolane'));
		expect(readJsonLines(stdout).report).toMatchObject({
			completionReason: 'FAILURE_TOLERANCE_EXCEEDED',
			itemCounts: {failed: 1, total: 10},
		});
		expect(
			Object.values(rows)
				.flat()
				.map(({n}) => n)
				.toSorted((a, b) => a - b),
		).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
	});
});
