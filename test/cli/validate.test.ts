import {mkdir, readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {type CliEnd, type Workplace, runCli, workplace} from '../support/cli.ts';
import {type HttpOrigin, httpOrigin, serve} from '../support/http-origin.ts';

let origin: HttpOrigin;
let place: Workplace;

const broken = `{"id":"a","url":"https://a.example/1"}\n\n{"id":"b","url":7}\n{"id":"a","url":"https://a.example/2"}\nnope\n`;

beforeAll(async () => {
	origin = await httpOrigin();
	place = await workplace();
	await mkdir(join(place.path, 'temporary'));
	await place.write('list.jsonl', `{"url":"https://a.example/1"}\n{"url":"https://a.example/2"}\n{"url":"https://a.example/1"}\n`);
	await place.write('broken.jsonl', broken);
	await place.write('pictures/a.jpg', 'a');
	await place.write('pictures/b.txt', 'b');
	await place.write(
		'words.ts',
		`import {defineFlow} from 'twolane';
		import {z} from 'zod';
		const options = z.strictObject({loud: z.boolean().default(false)});
		export default defineFlow({name: 'words', item: z.object({word: z.string().min(3)}), options, fetch: async () => 1});`,
	);
	origin.on('/broken.jsonl', serve(broken));
});

afterAll(async () => {
	await origin[Symbol.asyncDispose]();
	await place[Symbol.asyncDispose]();
});

const validate = (...words: string[]): Promise<CliEnd> => validateInput('', ...words);
const validateInput = (stdin: string, ...words: string[]): Promise<CliEnd> =>
	runCli(['validate', ...words], {cwd: place.path, stdin, env: {TMPDIR: join(place.path, 'temporary')}});

describe('twolane validate', () => {
	it('counts items and repeats where nothing is wrong', async () => {
		expect(await validate('list.jsonl', 'pictures')).toMatchObject({
			stdout: 'list.jsonl, pictures: 3 items, 1 repeated source left out; nothing is wrong with them\n',
			stderr: '1 file left out: thumbnail takes jpg, jpeg, png, webp, gif, avif\n',
			exitCode: 0,
		});
		expect(JSON.parse((await validate('list.jsonl', '--json')).stdout)).toEqual({
			type: 'validation',
			isValid: true,
			items: 2,
			repeats: 1,
			problemCount: 0,
			problems: [],
		});
	});

	it('takes an empty list for what it is', async () => {
		expect(await validateInput('', '-')).toMatchObject({stdout: 'stdin: 0 items; nothing is wrong with them\n', exitCode: 0});
	});

	it.each([
		['a file', 'broken.jsonl', () => ['broken.jsonl']],
		['standard input', 'stdin', () => ['-']],
		['a URL', 'ORIGIN/broken.jsonl', () => [origin.url('/broken.jsonl'), '--allow-origin', origin.origin]],
	])('names every problem of %s with its line', async (_, name, words) => {
		const {stdout, stderr, exitCode} = await validateInput(broken, ...words());
		expect(stdout.replaceAll(origin.origin, 'ORIGIN').split('\n')).toEqual([
			`${name}:3: url: url must be text that is not empty`,
			`${name}:4: id "a" was already used in line 1`,
			expect.stringContaining(`${name}:5: not JSON: `),
			'',
		]);
		expect(stderr).toBe('3 problems. Correct the lines, or run with --skip-invalid.\n');
		expect(exitCode).toBe(2);
	});

	it('tells the same with --json in one object', async () => {
		const {stdout, stderr, exitCode} = await validate('broken.jsonl', '--json');
		expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 2});
		expect(JSON.parse(stdout)).toEqual({
			type: 'validation',
			isValid: false,
			problemCount: 3,
			problems: [
				{manifest: 'broken.jsonl', line: 3, problem: 'url: url must be text that is not empty'},
				{manifest: 'broken.jsonl', line: 4, problem: 'id "a" was already used in line 1'},
				{manifest: 'broken.jsonl', line: 5, problem: expect.stringContaining('not JSON')},
			],
		});
	});

	it('shows the first 20 problems and counts them all', async () => {
		const {stdout, stderr} = await validateInput('{"url":7}\n'.repeat(25), '-');
		expect(stdout.match(/^stdin:\d+: /gmu)).toHaveLength(20);
		expect(stderr).toBe('25 problems, the first 20 of them above. Correct the lines, or run with --skip-invalid.\n');
	});

	it('says nothing with --quiet but its exit code', async () => {
		expect(await validate('broken.jsonl', '--quiet')).toMatchObject({stdout: '', stderr: '', exitCode: 2});
		expect(await validate('list.jsonl', '--quiet')).toMatchObject({stdout: '', stderr: '', exitCode: 0});
	});

	it("asks the flow's own schema, and checks its options", async () => {
		const words = '{"word":"yes"}\n{"word":"no"}\n';
		expect(await validateInput(words, '-', '--flow', './words.ts', '--set', 'loud=true')).toMatchObject({
			stdout: expect.stringMatching(/^stdin:2: word: /u),
			exitCode: 2,
		});
		expect(await validateInput(words, '-', '--flow', './words.ts', '--set', 'load=true')).toMatchObject({
			stdout: '',
			stderr: expect.stringMatching(/^twolane: options of flow 'words': .*load/u),
			exitCode: 2,
		});
	});

	it.each([
		['--skip-invalid', 2, /unknown option '--skip-invalid'/u],
		['missing.jsonl', 3, /missing\.jsonl cannot be read: it does not exist/u],
		['s3://bucket', 2, /write s3:\/\/bucket\/ for all/u],
	])('refuses %s with exit code %i', async (word, exitCode, message) => {
		expect(await validate('list.jsonl', word)).toMatchObject({stdout: '', stderr: expect.stringMatching(message), exitCode});
	});

	it('leaves nothing behind, whatever it found', async () => {
		for (const source of ['list.jsonl', 'broken.jsonl', 'pictures', '-', 'missing']) await validateInput(broken, source);
		expect(await readdir(join(place.path, 'temporary'))).toEqual([]);
		expect((await readdir(place.path)).toSorted()).toEqual(['broken.jsonl', 'list.jsonl', 'pictures', 'temporary', 'words.ts']);
	});
});
