import {join} from 'node:path';
import {gzipSync} from 'node:zlib';
import sharp from 'sharp';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {type CliOptions, type Row, type Workplace, readJsonLines, readKeptRun, runCli, workplace} from '../support/cli.ts';
import {type HttpOrigin, httpOrigin, serve} from '../support/http-origin.ts';

/** A flow without threads or codecs: how long each source is. */
const lengths = `
import {defineFlow, sourceItem} from 'twolane';
export default defineFlow({name: 'lengths', item: sourceItem, fetch: async (item, {read}) => (await read(item)).length});
`;
const files = {'a.bin': 1, 'b, with comma.bin': 22, 'c/ü.bin': 333};
const names = Object.keys(files);
const expected = Object.values(files);

let origin: HttpOrigin;
let place: Workplace;
let runs = 0;

beforeAll(async () => {
	origin = await httpOrigin();
	place = await workplace();
	await place.write('lengths.ts', lengths);
	for (const [name, length] of Object.entries(files)) {
		await place.write(`data/${name}`, Buffer.alloc(length, 'x'));
		origin.on(`/${encodeURI(name)}`, serve(Buffer.alloc(length, 'x')));
	}
});

afterAll(async () => {
	await origin[Symbol.asyncDispose]();
	await place[Symbol.asyncDispose]();
});

/** Runs `lengths` and returns the rows in the order of the list. */
async function measure(sources: readonly string[], {stdin, more = []}: Pick<CliOptions, 'stdin'> & {more?: readonly string[]} = {}) {
	const words = ['run', ...sources, '--out', `out-${++runs}`, '--flow', './lengths.ts', '--allow-origin', origin.origin, '--json', ...more];
	const end = await runCli(words, {cwd: place.path, ...(stdin !== undefined && {stdin})});
	expect(end.stderr).toBe('');
	const {rows, report} = readJsonLines(end.stdout);
	return {rows: rows.toSorted((a, b) => a.n - b.n), report, exitCode: end.exitCode};
}
const results = (rows: readonly Row[]): unknown[] => rows.map(({result, error}) => result ?? error?.code);

const jsonl = names.map(file => `${JSON.stringify({file, team: 'x'})}\n`).join('');
const csv = (comma: string): string => `file${comma}team\n${names.map(name => `"${name}"${comma}x\n`).join('')}`;
const manifests: Readonly<Record<string, string | Uint8Array>> = {
	'list.jsonl': jsonl,
	'list.json': JSON.stringify(
		names.map(file => ({file, team: 'x'})),
		undefined,
		2,
	),
	'list.csv': csv(','),
	'list.tsv': csv('\t'),
	'list.txt': `# three files\n${names.join('\r\n')}\n`,
	'list.jsonl.gz': gzipSync(jsonl),
	'list.csv.gz': gzipSync(csv(',')),
	'misnamed.txt': gzipSync(jsonl),
};

describe.concurrent('every manifest format gives the same items', () => {
	it.each(Object.entries(manifests))('%s', async (name, body) => {
		await place.write(`data/${name}`, body);
		const {rows, exitCode} = await measure([`data/${name}`]);
		expect(exitCode).toBe(0);
		expect(results(rows)).toEqual(expected);
		expect(rows.map(({id}) => id)).toEqual(names);
		// A plain list has no other columns.
		expect(rows.map(({meta}) => meta)).toEqual(names.map(() => (name === 'list.txt' ? undefined : {team: 'x'})));
	});

	it('standard input, where files are relative to the working directory', async () => {
		const lines = names.map(name => `${JSON.stringify({file: `data/${name}`})}\n`).join('');
		expect(results((await measure(['-'], {stdin: lines})).rows)).toEqual(expected);
		expect(results((await measure(['-'], {stdin: gzipSync(lines)})).rows)).toEqual(expected);
	});

	it('a URL, whose list may name URLs and no files of this machine', async () => {
		const urls = names.map(name => JSON.stringify({url: origin.url(`/${encodeURI(name)}`)}));
		origin.on('/list.jsonl?key=hidden', serve([...urls, '{"file":"/etc/hostname"}'].join('\n')));
		const {rows, exitCode} = await measure([origin.url('/list.jsonl?key=hidden')]);
		expect(exitCode).toBe(1);
		expect(results(rows)).toEqual([...expected, 'FILE_DENIED']);
		expect(JSON.stringify(rows)).not.toContain('hidden');
	});

	it('several sources, taken in order, a source that comes twice once', async () => {
		await place.write('data/first.txt', names[1] ?? '');
		const {rows, report} = await measure(['data/first.txt', 'data/c', '-', 'data/first.txt'], {stdin: 'data/a.bin\n'});
		expect(results(rows)).toEqual([22, 333, 1]);
		expect(report.repeats).toBe(1);
	});
});

describe('a part of a list', () => {
	it('takes --limit items, and reads no further', async () => {
		const {rows, report} = await measure(['-'], {stdin: `{"file":"data/a.bin"}\nnot json\n`, more: ['--limit', '1']});
		expect(results(rows)).toEqual([1]);
		expect(report.itemCounts.total).toBe(1);
	});

	it('turns each bad line into a failed item with --skip-invalid, and runs the others', async () => {
		const lines = ['{"id":"a","file":"data/a.bin"}', 'not json', '{"id":"c"}', '{"id":"a","file":"data/c/ü.bin"}', '{"url":"no url"}'];
		const {rows, exitCode} = await measure(['-'], {stdin: lines.join('\n'), more: ['--skip-invalid']});
		expect(exitCode).toBe(1);
		expect(results(rows).slice(0, 4)).toEqual([1, 'ITEM_INVALID', 'ITEM_INVALID', 'ITEM_INVALID']);
		expect(rows.slice(1, 4).map(({error}) => error?.message)).toEqual([
			expect.stringMatching(/^stdin:2: not JSON/u),
			expect.stringMatching(/^stdin:3: /u),
			expect.stringMatching(/^stdin:4: id "a" was already used in line 1/u),
		]);
		expect(rows[4]?.status).toBe('failed');
		expect(new Set(rows.map(({id}) => id)).size).toBe(5);
	});
});

describe('a folder of photos', () => {
	const twice = ['run', 'photos', '--out', 'photos/thumbs', '--size', 'small=16x16:cover', '--size', '8', '--format', 'png'];

	beforeAll(async () => {
		for (const name of ['one.jpg', 'sub/two.JPEG', 'sub/.hidden.jpg']) {
			await place.write(
				`photos/${name}`,
				await sharp({create: {width: 64, height: 32, channels: 3, background: 'red'}})
					.jpeg()
					.toBuffer(),
			);
		}
		await place.write('photos/notes.txt', 'no photo');
		await place.write(
			'album/one.jpg',
			await sharp({create: {width: 64, height: 32, channels: 3, background: 'blue'}})
				.jpeg()
				.toBuffer(),
		);
	});

	it('does not eat its own thumbnails when it runs a second time into the same folder', async () => {
		const first = await runCli([...twice, '--json'], {cwd: place.path});
		expect(
			readJsonLines(first.stdout)
				.rows.map(({id}) => id)
				.toSorted(),
		).toEqual(['one.jpg', 'sub/two.JPEG']);
		const thumbs = (await place.list('photos/thumbs')).filter(name => name.endsWith('.png')).toSorted();
		expect(thumbs).toHaveLength(4);
		const second = await runCli(twice, {cwd: place.path});
		expect(second.stdout).toContain('2 succeeded');
		expect(second.stderr).toMatch(/^This run is there already, since /u);
		const third = await runCli([...twice, '--fresh'], {cwd: place.path});
		expect(third.stdout).toContain('2 succeeded');
		expect(third.stderr).toBe('1 file left out: thumbnail takes jpg, jpeg, png, webp, gif, avif\n');
		expect((await place.list('photos/thumbs')).filter(name => name.endsWith('.png')).toSorted()).toEqual(thumbs);
	});

	it('makes every size in the format asked for', async () => {
		const {stdout} = await runCli(
			['run', 'album', '--out', 'webp', '--size', '20', '--size', 's=10x10:cover', '--format', 'webp', '--quality', '40', '--json'],
			{
				cwd: place.path,
			},
		);
		for (const {outputs = []} of readJsonLines(stdout).rows) {
			const made = await Promise.all(
				outputs.map(async ({name, key}) => ({name, ...(await sharp(join(place.path, 'webp', key)).metadata())})),
			);
			expect(made.map(({name, width, height, format}) => ({name, width, height, format}))).toEqual([
				{name: '20', width: 20, height: 10, format: 'webp'},
				{name: 's', width: 10, height: 10, format: 'webp'},
			]);
		}
	});

	it('keeps the records elsewhere with --state, and away from the source', async () => {
		const {exitCode} = await runCli(['run', 'album', '--out', 'album/out', '--state', 'album/state', '--quiet'], {cwd: place.path});
		expect(exitCode).toBe(0);
		expect((await readKeptRun(join(place.path, 'album/state'))).rows.SUCCEEDED).toHaveLength(1);
		expect((await place.list('album/out')).map(name => name.replace(/.*\//u, ''))).toEqual(['256.jpg']);
	});
});

describe('a flow of one’s own, outside of the checkout', () => {
	beforeAll(async () => {
		await place.write(
			'own/flow.ts',
			`import {cpu, defineFlow, skip} from 'twolane';
			import {z} from 'zod';
			export default defineFlow({
				name: 'squares',
				item: z.object({id: z.string(), value: z.number()}),
				options: z.object({plus: z.number().default(0), label: z.string().default('-')}),
				fetch: async ({value}) => (value < 0 ? skip('negative') : value),
				transform: cpu<typeof import('./square.ts')>(new URL('./square.ts', import.meta.url)),
				store: async (made, {put, options}) => {
					await put('square.txt', options.label + made.square);
					return made;
				},
			});`,
		);
		await place.write(
			'own/square.ts',
			`import {isMainThread} from 'node:worker_threads';
			import {z} from 'zod';
			export default (value: number, {options}: {options: {plus: number}}) => {
				if (value === 7) throw new Error('seven is not squared here');
				return {square: z.number().parse(value * value + options.plus), isMainThread};
			};`,
		);
	});

	it('runs its transform on threads, with its options from --set', async () => {
		const lines = [3, -1, 7].map(value => JSON.stringify({id: `v${value}`, value})).join('\n');
		const words = ['run', '-', '--out', 'squares', '--flow', './own/flow.ts', '--set', 'plus=5', '--set', 'label=it is ', '--json'];
		const {stdout, stderr, exitCode} = await runCli(words, {cwd: place.path, stdin: lines});
		expect(stderr).toBe('');
		expect(exitCode).toBe(1);
		const rows = readJsonLines(stdout).rows.toSorted((a, b) => a.n - b.n);
		expect(rows).toMatchObject([
			{id: 'v3', status: 'succeeded', result: {square: 14, isMainThread: false}, outputs: [{name: 'square', bytes: 8}]},
			{id: 'v-1', status: 'skipped', reason: 'negative'},
			{id: 'v7', status: 'failed', error: {code: 'TRANSFORM_FAILED', message: expect.stringContaining('seven is not squared here')}},
		]);
		const {rows: kept, spec} = await readKeptRun(join(place.path, 'squares/.twolane'));
		expect([kept.SUCCEEDED, kept.SKIPPED, kept.FAILED].map(({length}) => length)).toEqual([1, 1, 1]);
		expect(spec).toMatchObject({flow: 'squares', options: {plus: 5, label: 'it is '}});
	});
});

describe('names that look alike', () => {
	it('in two folders are two items', async () => {
		await place.write('left/x.bin', Buffer.alloc(5, 'x'));
		await place.write('right/x.bin', Buffer.alloc(6, 'x'));
		const {rows} = await measure(['left', 'right']);
		expect(rows.map(({id, result}) => [id, result])).toEqual([
			['left/x.bin', 5],
			['right/x.bin', 6],
		]);
	});

	it('in two lists that mean two files are refused, naming both lines', async () => {
		await place.write('left/list.txt', 'x.bin');
		await place.write('right/list.txt', 'x.bin');
		const end = await runCli(['run', 'left/list.txt', 'right/list.txt', '--out', 'never', '--flow', './lengths.ts'], {cwd: place.path});
		expect(end.exitCode).toBe(2);
		expect(end.stderr).toMatch(/right\/list\.txt:1: id "x\.bin" was already used in left\/list\.txt:1/u);
	});

	it('with a line separator inside stay one item', async () => {
		const {rows} = await measure(['-'], {stdin: JSON.stringify({file: 'data/a.bin', meta: {text: 'a\u2028b\u2029c'}})});
		expect(rows).toMatchObject([{status: 'succeeded', meta: {text: 'a\u2028b\u2029c'}}]);
	});
});

describe('a folder that is also --out', () => {
	it('is refused, and a subfolder with earlier outputs is left out', async () => {
		await place.write('holiday/a.bin', Buffer.alloc(7, 'x'));
		const refused = await runCli(['run', 'holiday', '--out', 'holiday', '--flow', './lengths.ts'], {cwd: place.path});
		expect(refused.exitCode).toBe(2);
		expect(refused.stderr).toMatch(/holiday is also --out/u);
		await place.write('holiday/earlier/.twolane/runs/r/run.json', '{}');
		await place.write('holiday/earlier/output.bin', 'an output');
		const {rows} = await measure(['holiday']);
		expect(rows.map(({id}) => id)).toEqual(['a.bin']);
	});
});
