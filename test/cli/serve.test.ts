import {once} from 'node:events';
import {type IncomingMessage, request as openRequest} from 'node:http';
import {type AddressInfo, createServer} from 'node:net';
import {text} from 'node:stream/consumers';
import {setTimeout as wait} from 'node:timers/promises';
import sharp from 'sharp';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {acceptedRun, problem, runPage, runView} from '../../src/api/answer-schemas.ts';
import {type Cli, type CliEnd, type Workplace, readKeptRun, runCli, startCli, workplace} from '../support/cli.ts';

interface Served {
	readonly cli: Cli;
	readonly url: string;
}
interface Answer {
	readonly status: number;
	readonly body: unknown;
}

let place: Workplace;

async function findFreePort(): Promise<number> {
	const server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const {port} = server.address() as AddressInfo;
	server.close();
	await once(server, 'close');
	return port;
}

async function serve(out: string): Promise<Served> {
	const port = await findFreePort();
	const cli = startCli(['serve', '--out', out, '--port', `${port}`], {cwd: place.path, hasGroup: true, isCommandKnown: true});
	await cli.saw('stdout', /openapi\.json\n/u);
	return {cli, url: `http://127.0.0.1:${port}`};
}

async function stop({cli}: Served): Promise<CliEnd> {
	cli.kill('SIGINT');
	return await cli.ended;
}

const ask = async (url: string, init?: RequestInit): Promise<Answer> => {
	const response = await fetch(url, init);
	return {status: response.status, body: await response.json()};
};
const post = async (url: string, body: unknown): Promise<Answer> =>
	await ask(url, {method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify(body)});

const LOOK_EVERY_MS = 100;

async function waitForEnd(url: string, id: string) {
	for (;;) {
		const view = runView.parse((await ask(`${url}/runs/${id}`)).body);
		if (view.completionReason === 'ALL_COMPLETED') return view;
		await wait(LOOK_EVERY_MS);
	}
}

/** As a browser would ask, which alone says these words. */
async function askAs(url: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
	const asking = openRequest(`${url}/runs`, {headers}).end();
	const [answer] = (await once(asking, 'response')) as [IncomingMessage];
	return {status: answer.statusCode ?? 0, body: JSON.parse(await text(answer)) as unknown};
}

const PHOTOS = 3;
const photos = Array.from({length: PHOTOS}, (_, n) => ({file: `photos/${n}.png`}));

beforeAll(async () => {
	place = await workplace();
	const picture = await sharp({create: {width: 400, height: 300, channels: 3, background: 'teal'}})
		.png()
		.toBuffer();
	for (const {file} of photos) await place.write(file, picture);
});
afterAll(() => place[Symbol.asyncDispose]());

describe('twolane serve', () => {
	let served: Served;
	beforeAll(async () => void (served = await serve('out')));
	afterAll(async () => void (await stop(served)));

	it('makes thumbnails of what is posted, as run does', async () => {
		const {url} = served;
		const {status, body} = await post(`${url}/runs`, {source: {items: [...photos, {file: 'photos/none.png'}]}, options: {format: 'webp'}});
		expect(status).toBe(202);
		const {id} = acceptedRun.parse(body);
		expect(id).toMatch(/^[0-9a-z]{26}$/u);
		const {itemCounts, ...view} = await waitForEnd(url, id);
		expect([view.status, itemCounts.succeeded, itemCounts.failed, view.topErrors[0]?.code]).toEqual([
			'FAILED',
			PHOTOS,
			1,
			'FILE_NOT_FOUND',
		]);
		const files = await place.list('out');
		expect(files.filter(file => file.endsWith('/256.webp'))).toHaveLength(PHOTOS);
		const {spec, rows} = await readKeptRun(`${place.path}/out/.twolane`);
		expect(spec).toMatchObject({runId: id, engine: 'in-process', maxWorkers: 1, allowOrigins: []});
		expect(rows.SUCCEEDED.map(row => row.source)).toEqual(photos.map(({file}) => file));
		// The command line sees the same run.
		expect(JSON.parse((await runCli(['status', '--out', 'out', '--json'], {cwd: place.path})).stdout)).toMatchObject({
			id,
			status: 'FAILED',
		});
	});

	it.each(['../secret.png', '/etc/hostname', 'photos/../../secret.png', '.', ''])('reads no file outside of its folder: %j', async file => {
		const {status, body} = await post(`${served.url}/runs`, {source: {items: [{file}]}, skipInvalid: file !== ''});
		expect([status, problem.parse(body).code]).toEqual([422, 'ITEMS_INVALID']);
	});

	it('keeps out web pages and foreign names', async () => {
		const {url} = served;
		const own = new URL(url).host;
		for (const host of [
			'evil.example',
			`evil.example:${new URL(url).port}`,
			'127.0.0.1',
			'localhost:1',
			'169.254.169.254',
			`[::]:${new URL(url).port}`,
		]) {
			expect((await askAs(url, {host})).body, host).toMatchObject({status: 403, code: 'HOST_DENIED'});
		}
		for (const origin of ['http://evil.example', 'null', `https://${own}`, 'http://localhost:1']) {
			expect((await askAs(url, {origin})).body, origin).toMatchObject({status: 403, code: 'ORIGIN_DENIED'});
		}
		const allowed = [{}, {host: own.replace('127.0.0.1', 'localhost')}, {origin: `http://${own}`}];
		for (const headers of allowed) expect((await askAs(url, headers)).status).toBe(200);
	});

	it('listens on this machine alone, and says when the port is taken', async () => {
		const {port} = new URL(served.url);
		const {exitCode, stderr} = await runCli(['serve', '--out', 'other', '--port', port], {cwd: place.path});
		expect([exitCode, stderr]).toEqual([
			3,
			expect.stringMatching(new RegExp(`^twolane: Port ${port} cannot be used: .* --port\\.\n$`, 'u')),
		]);
	});
});

describe('words of twolane serve that cannot be meant', () => {
	it.each([
		['serve', /--out/u],
		['serve --out out --port 65536', /from 0 to 65535/u],
		['serve --out out --port any', /whole number/u],
		['serve --out out --host 0.0.0.0', /unknown option/u],
		['serve --out ftp://a/b', /name a folder, or a place in S3/u],
	])('%s', async (words, message) => {
		const {exitCode, stdout, stderr} = await runCli(words.split(' '), {cwd: place.path});
		expect([exitCode, stdout, stderr]).toEqual([2, '', expect.stringMatching(message)]);
	});
});

describe('the end of twolane serve', () => {
	const many = Array.from({length: 600}, (_, n) => ({id: `${n}`, file: photos[n % PHOTOS]?.file}));
	const isBegun = async (url: string, id: string): Promise<void> => {
		while (runView.parse((await ask(`${url}/runs/${id}`)).body).itemCounts.succeeded === 0) await wait(LOOK_EVERY_MS);
	};

	it('comes within 5 s of Ctrl-C with a run in its midst, which goes on when it is there again', async () => {
		const first = await serve('stopped');
		const {id} = acceptedRun.parse((await post(`${first.url}/runs`, {source: {items: many}})).body);
		await isBegun(first.url, id);
		const toldMs = performance.now();
		const {exitCode, endedMs, stderr} = await stop(first);
		expect(exitCode).toBe(130);
		expect(endedMs - toldMs).toBeLessThan(5000);
		expect(stderr).not.toMatch(/bug in twolane|\n {4}at /u);

		const second = await serve('stopped');
		const {itemCounts} = await waitForEnd(second.url, id);
		expect(itemCounts).toMatchObject({succeeded: many.length, total: many.length});
		expect((await stop(second)).exitCode).toBe(130);
	});

	it('does not come with a crash of native code: it is there again, and so is the run', async () => {
		const {cli, url} = await serve('crashed');
		const {id} = acceptedRun.parse((await post(`${url}/runs`, {source: {items: many}})).body);
		await isBegun(url, id);
		const again = cli.saw('stdout', /openapi\.json\n[\s\S]*openapi\.json\n/u);
		process.kill(cli.commandPid() ?? 0, 'SIGSEGV');
		await again;
		expect((await waitForEnd(url, id)).itemCounts.succeeded).toBe(many.length);
		expect(await stop({cli, url})).toMatchObject({exitCode: 130, stderr: expect.stringMatching(/segmentation fault.*Going on/u)});
	});

	it('by a kill loses nothing: the next server goes on with its runs, and leaves those of a command alone', async () => {
		const first = await serve('killed');
		const {id} = acceptedRun.parse((await post(`${first.url}/runs`, {source: {items: many}})).body);
		await isBegun(first.url, id);
		first.cli.killGroup('SIGKILL');
		await first.cli.ended;
		const killAt = {when: 'after', call: 'link', of: 'plan\\.json$'} as const;
		await place.write('list.jsonl', `${JSON.stringify(photos[0])}\n`);
		await runCli(['run', 'list.jsonl', '--out', 'killed', '--quiet'], {cwd: place.path, killAt});

		const second = await serve('killed');
		expect((await waitForEnd(second.url, id)).itemCounts.succeeded).toBe(many.length);
		const {runs} = runPage.parse((await ask(`${second.url}/runs`)).body);
		expect(runs.map(run => ('status' in run ? run.itemCounts.succeeded : undefined))).toEqual([0, many.length]);
		await stop(second);
	});
});
