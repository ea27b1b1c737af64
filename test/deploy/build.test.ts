import {execFile} from 'node:child_process';
import {createHash} from 'node:crypto';
import {mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {promisify} from 'node:util';
import {unzipSync} from 'fflate';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {bundle} from '../../scripts/build/bundle.ts';
import {zipFolder} from '../../scripts/build/zip-folder.ts';

const root = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);
let folder: string;

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'twolane-build-'));
});
afterAll(async () => await rm(folder, {recursive: true, force: true}));

const textOf = async (place: string): Promise<string> =>
	(await Promise.all((await readdir(place)).map(async name => await readFile(join(place, name), 'utf8')))).join('\n');

async function bundleWorker(name: string, {isTest}: {readonly isTest: boolean}): Promise<string> {
	const place = join(folder, name);
	const replaced = new Map(isTest ? [[join(root, 'src/wire.ts'), join(root, 'test/fixtures/deployed/wire.ts')]] : []);
	await bundle({name: 'worker', entry: join(root, 'functions/worker.ts'), hasThreads: true, replaced}, place);
	return place;
}

describe('bundle', () => {
	it('has the flow of tests only when it is built for tests', async () => {
		const [production, test] = [await bundleWorker('production', {isTest: false}), await bundleWorker('test', {isTest: true})];
		expect(await textOf(test)).toMatch(/["'`]no-op["'`]/u);
		expect(await readdir(test)).toContain('test-fixtures-deployed-no-op-transform.mjs');
		expect(await textOf(production)).not.toMatch(/["'`]no-op["'`]/u);
		expect((await readdir(production)).filter(name => name.includes('test'))).toEqual([]);
	});

	it('holds every module that a thread or a child process loads, and names it beside itself', async () => {
		const place = await bundleWorker('threads', {isTest: false});
		const files = await readdir(place);
		const named = [...(await textOf(place)).matchAll(/new URL\(["'`]([^"'`]+)["'`],import\.meta\.url\)/gu)].map(([, name = '']) => name);
		const modules = ['adapters-thread-thread.mjs', 'adapters-isolation-child.mjs', 'flows-thumbnail-transform.mjs'];
		expect(new Set(named.map(name => name.replace(/^\.\//u, '')))).toEqual(new Set(modules));
		expect(files).toEqual(expect.arrayContaining(modules));
	});

	it('has the codec in the module of the threads alone, which nothing imports', async () => {
		const place = await bundleWorker('codec', {isTest: false});
		const texts = await Promise.all((await readdir(place)).map(async name => [name, await readFile(join(place, name), 'utf8')] as const));
		expect(texts.filter(([, text]) => /from\s*["']sharp["']|import\(["']sharp["']\)/u.test(text)).map(([name]) => name)).toEqual([
			'flows-thumbnail-transform.mjs',
		]);
		expect(texts.filter(([, text]) => /(?:from|import)\s*\(?["']\.\/flows-thumbnail-transform/u.test(text))).toEqual([]);
	});

	it('of the api knows neither threads nor codecs', async () => {
		const place = join(folder, 'api');
		await bundle({name: 'api', entry: join(root, 'functions/api.ts'), hasThreads: false, replaced: new Map()}, place);
		expect(await textOf(place)).not.toMatch(/(?:from|import)\s*\(?["'](?:piscina|sharp)["']/u);
	});
});

describe('zipFolder', () => {
	it('depends on the files alone, not on their times or on who made them when', async () => {
		const digests: string[] = [];
		for (const [name, order] of [
			['one', ['a', 'b']],
			['other', ['b', 'a']],
		] as const) {
			const place = join(folder, `zip-${name}`);
			await mkdir(place);
			for (const file of order) await writeFile(join(place, file), `content of ${file}`);
			await utimes(join(place, 'a'), 1, order[0] === 'a' ? 1 : 2);
			digests.push(createHash('sha256').update(zipFolder(place)).digest('hex'));
		}
		expect(digests[0]).toBe(digests[1]);
		const unzipped = unzipSync(zipFolder(join(folder, 'zip-one')));
		expect(Object.entries(unzipped).map(([name, bytes]) => [name, Buffer.from(bytes).toString()])).toEqual([
			['a', 'content of a'],
			['b', 'content of b'],
		]);
	});
});

describe('the build', () => {
	it.each(['uploads', 'manifests/out', '/'])('is refused when a stage has its outputs in %s', async outPrefix => {
		const service = join(folder, 'serverless.yml');
		const yaml = await readFile(join(root, 'serverless.yml'), 'utf8');
		await writeFile(service, yaml.replace('outPrefix: thumbnails', `outPrefix: ${outPrefix}`));
		const building = run(process.execPath, [join(root, 'scripts/build.ts'), '--service', service, '--out', join(folder, 'refused')]);
		await expect(building).rejects.toMatchObject({code: 3, stderr: expect.stringContaining('would be inputs again')});
	});
});
