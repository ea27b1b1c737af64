import {mkdir, readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {type CliEnd, type Workplace, runCli, workplace} from '../support/cli.ts';
import {type HttpOrigin, httpOrigin, serve} from '../support/http-origin.ts';

let origin: HttpOrigin;
let place: Workplace;

beforeAll(async () => {
	origin = await httpOrigin();
	place = await workplace();
	const line = (id: string): string => `${JSON.stringify({id, url: origin.url(`/${id}.jpg`)})}\n`;
	await place.write('list.jsonl', line('a') + line('b'));
	await place.write('broken.jsonl', `${line('a')}${line('b')}${line('a')}\n${line('c')}\n{"id":"d","url":\n${line('e')}`);
	await place.write('picture.jpg', Buffer.from('ffd8ffe000104a464946', 'hex'));
	await place.write('syntax.ts', 'export default {;\n');
	await place.write(
		'strict.ts',
		`import {defineFlow} from 'twolane';\nimport {z} from 'zod';\n` +
			`export default defineFlow({name: 'strict', item: z.object({}), fetch: async () => 1});\n`,
	);
	origin.on('/broken.jsonl', serve('{"id":"a"\n'));
});

afterAll(async () => {
	await origin[Symbol.asyncDispose]();
	await place[Symbol.asyncDispose]();
});

const run = (words: string): Promise<CliEnd> =>
	runCli(
		words.split(' ').map(word => word.replace('ORIGIN', origin.origin)),
		{cwd: place.path},
	);

let refusals = 0;

/** Runs what must be refused: what it said, and whether anything was started. */
async function refuse(words: string) {
	const out = `out-${++refusals}`;
	const {exitCode, stdout, stderr} = await run(words.replace('--out out', `--out ${out}`));
	return {
		exitCode,
		stdout,
		message: stderr,
		messages: stderr.match(/^twolane: /gmu)?.length,
		isBug: /\n {4}at |bug in twolane/u.test(stderr),
		made: (await readdir(place.path)).filter(name => name === out),
		asked: origin.requests.filter(({path}) => path.endsWith('.jpg')).length,
	};
}

const refusal = (exitCode: number, message: RegExp) => ({
	exitCode,
	stdout: '',
	message: expect.stringMatching(message),
	messages: 1,
	isBug: false,
	made: [],
	asked: 0,
});

describe('words that cannot be meant exit with 2, one message, and nothing started', () => {
	it.concurrent.each([
		['run list.jsonl --out out --iio 3', /unknown option '--iio'\n\(Did you mean --io\?\)/u],
		['run list.jsonl --out out --io-concurency 3', /Did you mean --io-concurrency\?/u],
		['run list.jsonl --out out --io 0', /'--io <auto\|n>' argument '0' is invalid\. It is from 1 to 1024\./u],
		['run list.jsonl --out out --io 1.5', /Write 'auto' or a whole number\./u],
		['run list.jsonl --out out --max-bytes 5GiB', /It is from 1 byte to 4 GiB\./u],
		['run list.jsonl --out out --tolerated-failure-percentage 101', /Write a number from 0 to 100\./u],
		['run list.jsonl --out out --size banana', /size 'banana' is not WIDTH, .* such as 320x200:cover/u],
		['run list.jsonl --out out --size 256 --size 256', /two sizes are called '256'/u],
		['run list.jsonl --out out --set color=red', /Unrecognized key: "color"/u],
		['run list.jsonl --out out --flow thumbnails', /no flow 'thumbnails'\. Known: thumbnail/u],
		['run list.jsonl --out out --flow ./strict.ts --size 256', /--size belongs to the thumbnail flow/u],
		['run list.jsonl --out out --flow ./syntax.ts', /syntax\.ts could not be loaded/u],
		['run list.jsonl --out out --allow-origin example.com', /write it like http:\/\/127\.0\.0\.1:8080/u],
		['run list.jsonl --out ftp://example.com/out', /--out ftp:\/\/example\.com\/out: name a folder, or a place in S3/u],
		['run list.jsonl --out out --state s3://B/x', /--state s3:\/\/B\/x: name a folder, or a place in S3/u],
		['run list.jsonl --out=', /--out is empty/u],
		['run list.jsonl', /required option '--out <dir>'/u],
		['run ftp://example.com/list --out out', /only http, https and s3 URLs can be read/u],
		['run s3://bucket --out out', /write s3:\/\/bucket\/ for all that is in the bucket/u],
		['runn list.jsonl --out out', /unknown command 'runn'\n\(Did you mean run\?\)/u],
	])('%s', async (words, message) => expect(await refuse(words)).toEqual(refusal(2, message)));
});

describe('a manifest that does not parse exits with 2 and names the lines', () => {
	it('all of them at once: a broken line 7 and a repeated id', async () => {
		const {exitCode, message, made} = await refuse('run broken.jsonl --out out');
		expect({exitCode, made}).toEqual({exitCode: 2, made: []});
		expect(message).toMatch(
			/^twolane: broken\.jsonl:3: id "a" was already used in line 1\nbroken\.jsonl:7: not JSON: .*\nNothing was started\. .*--skip-invalid\.\n$/u,
		);
	});

	it.concurrent.each([
		['run picture.jpg --out out', /picture\.jpg:1: not a manifest/u],
		['run list.jsonl list.jsonl --out out', /id "a" was already used in list\.jsonl:1/u],
		['run ORIGIN/broken.jsonl --allow-origin ORIGIN --out out/deep/down', /broken\.jsonl:1: not JSON/u],
	])('%s', async (words, message) => expect(await refuse(words)).toEqual(refusal(2, message)));
});

describe('a place that cannot be read or written exits with 3', () => {
	it.concurrent.each([
		['run list.jsonl --out list.jsonl/below', /--out list\.jsonl\/below cannot be made: a part of the path is not a folder/u],
		['run list.jsonl --out list.jsonl', /--out list\.jsonl cannot be made: a file of this name is in the way/u],
		['run list.jsonl --out out --state list.jsonl/state', /--state list\.jsonl\/state cannot be made/u],
		['run missing.jsonl --out out', /missing\.jsonl cannot be read: it does not exist/u],
		['run list.jsonl --out out --flow ./missing.ts', /The flow \.\/missing\.ts does not exist/u],
		['run ORIGIN/list.jsonl --out out', /not public \(loopback\).*--allow-origin/u],
		['run ORIGIN/none.jsonl --allow-origin ORIGIN --out out', /404/u],
	])('%s', async (words, message) => expect(await refuse(words)).toEqual(refusal(3, message)));

	it('also one that opens and then cannot be read', async () => {
		const {stderr, exitCode} = await runCli(['run', '/proc/self/mem', '--out', 'out'], {cwd: place.path});
		expect(stderr).toMatch(/^twolane: \/proc\/self\/mem cannot be read: /u);
		expect(exitCode).toBe(3);
	});
});

it('a refused run leaves a folder that was there before as it was', async () => {
	await mkdir(join(place.path, 'mine'));
	await run('run broken.jsonl --out mine');
	expect(await readdir(join(place.path, 'mine'))).toEqual([]);
});

it.concurrent.each(['--help', 'run --help', '--version'])('%s is no mistake', async words => {
	const {stdout, stderr, exitCode} = await run(words);
	expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0});
	expect(stdout).toMatch(words === '--version' ? /^\d+\.\d+\.\d+\n$/u : /^Usage: twolane/u);
	expect(stdout).not.toMatch(/undefined|\[\]|\{\}|NaN/u);
});
