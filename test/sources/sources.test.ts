import {execFileSync, spawn} from 'node:child_process';
import {createHash} from 'node:crypto';
import {once} from 'node:events';
import {mkdir, mkdtemp, rm, symlink, utimes, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join, resolve} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {ManifestRow} from '../../src/manifest/manifest-row.ts';
import {type PinnedSource, contentOf} from '../../src/runs/spec.ts';
import {openPinned} from '../../src/sources/open-pinned.ts';
import {type SourceWord, pinSource} from '../../src/sources/pin-source.ts';
import type {SourceOptions} from '../../src/sources/source-options.ts';
import {httpOrigin, serve, status} from '../support/http-origin.ts';
import {type MemoryObjects, memoryObjects} from '../support/memory-objects.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const LIST = '{"file":"a.txt"}\n{"id":"b","file":"/b.txt"}\n';

let folder: string;
let state: MemoryObjects;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'twolane-sources-'));
	state = memoryObjects();
});
afterEach(() => rm(folder, {recursive: true, force: true}));

const inFolder = (name: string): string => join(folder, name);
async function write(name: string, body = name): Promise<string> {
	await mkdir(dirname(inFolder(name)), {recursive: true});
	await writeFile(inFolder(name), body);
	return inFolder(name);
}
const options = (others: Partial<SourceOptions> = {}): SourceOptions => ({exclude: [], isOneOfMany: false, allowOrigins: [], ...others});
const pin = (source: SourceWord, others?: Partial<SourceOptions>): Promise<PinnedSource> =>
	pinSource({state, token: () => 'token'}, source, options(others));

/** The rows of a pinned source, with each file made absolute. */
async function open(pinned: PinnedSource, others?: Partial<SourceOptions>): Promise<unknown[]> {
	const {rows, resolveFile} = openPinned(state, pinned, options(others));
	const all: ManifestRow[] = [];
	for await (const batch of rows) all.push(...batch);
	return all.map(row => {
		if ('problem' in row) return row.problem;
		const {value} = row;
		return typeof value === 'object' && value !== null && 'file' in value ? {...value, file: resolveFile(String(value.file))} : value;
	});
}
const CHANGED = {code: 'MANIFEST_CHANGED'};

describe('a file', () => {
	it('is its sha256, and gives its rows; files lie beside it', async () => {
		const path = await write('lists/list.jsonl', LIST);
		const pinned = await pin(path);
		expect(pinned).toEqual({kind: 'file', name: path, path, sha256: sha256(LIST)});
		expect(await open(pinned)).toEqual([{file: inFolder('lists/a.txt')}, {id: 'b', file: '/b.txt'}]);
		expect(state.objects.size).toBe(0);
	});

	it('is named as it was given, and found from the working directory', async () => {
		const pinned = await pin('package.json');
		expect(pinned).toMatchObject({kind: 'file', name: 'package.json', path: resolve('package.json')});
	});

	it('that has changed since is refused, at the end of its rows', async () => {
		const path = await write('list.jsonl', LIST);
		const pinned = await pin(path);
		await write('list.jsonl', LIST.replace('a.txt', 'c.txt'));
		await expect(open(pinned)).rejects.toMatchObject({...CHANGED, message: expect.stringContaining(path)});
		await write('list.jsonl', `${LIST}\n`);
		await expect(open(pinned)).rejects.toMatchObject(CHANGED);
		await write('list.jsonl', LIST);
		expect(await open(pinned)).toHaveLength(2);
	});

	it('that is gone since is no source', async () => {
		const pinned = await pin(await write('list.jsonl', LIST));
		await rm(inFolder('list.jsonl'));
		await expect(open(pinned)).rejects.toMatchObject({code: 'SOURCE_UNREADABLE'});
	});

	it('that is empty has no rows', async () => {
		const pinned = await pin(await write('list.jsonl', ''));
		expect(contentOf(pinned)).toBe(sha256(''));
		expect(await open(pinned)).toEqual([]);
	});

	it('that does not exist is named', async () => {
		await expect(pin(inFolder('nope.jsonl'))).rejects.toMatchObject({
			code: 'SOURCE_UNREADABLE',
			message: `${inFolder('nope.jsonl')} cannot be read: it does not exist`,
		});
	});

	it('below a file is named', async () => {
		const path = `${await write('list.jsonl', LIST)}/more`;
		await expect(pin(path)).rejects.toMatchObject({
			code: 'SOURCE_UNREADABLE',
			message: `${path} cannot be read: a part of the path is not a folder`,
		});
	});

	it('is given up with the reason of the signal', async () => {
		const path = await write('list.jsonl', LIST);
		await expect(pin(path, {signal: AbortSignal.abort(new Error('given up'))})).rejects.toThrow('given up');
		const pinned = await pin(path);
		await expect(open(pinned, {signal: AbortSignal.abort(new Error('given up'))})).rejects.toThrow('given up');
	});
});

describe('a pipe', () => {
	it('gives its bytes once: they are kept until the run is planned', async () => {
		execFileSync('mkfifo', [inFolder('pipe')]);
		const writer = spawn('sh', ['-c', `cat > "$0"`, inFolder('pipe')], {stdio: ['pipe', 'ignore', 'inherit']});
		writer.stdin.end(LIST);
		const [pinned] = await Promise.all([pin(inFolder('pipe')), once(writer, 'close')]);
		expect(pinned).toEqual({kind: 'stdin', name: inFolder('pipe'), base: resolve(''), sha256: sha256(LIST), spool: 'spool/token'});
		expect(state.objects.get('spool/token')?.text).toBe(LIST);
		expect(await open(pinned)).toEqual([{file: resolve('a.txt')}, {id: 'b', file: '/b.txt'}]);
	});
});

describe('what was kept of a source', () => {
	it.each(['stdin', 'iterable', 'url'] as const)('of the kind %s and has changed since is refused', async kind => {
		await state.create('spool/x', '{"url":"https://example.com/a"}\n');
		const pinned = {kind, name: 'it', base: folder, sha256: sha256('other'), spool: 'spool/x'};
		await expect(open(pinned)).rejects.toMatchObject({...CHANGED, message: expect.stringContaining('it has changed')});
	});

	it('and is gone is told', async () => {
		const pinned = await pin({name: 'items', items: [1]});
		await state.remove('spool/token');
		await expect(open(pinned)).rejects.toMatchObject({code: 'STORE_FAILED', message: expect.stringContaining('spool/token')});
	});
});

describe('a folder', () => {
	/** Three files, and what is never an item. */
	async function files(): Promise<string> {
		for (const name of ['b.txt', 'a/x.jpg', 'a/.hidden', '.git/config', 'c.JPG', 'old/.twolane/run.json', 'old/out.jpg'])
			await write(`in/${name}`);
		await symlink(inFolder('in/b.txt'), inFolder('in/link.txt'));
		return inFolder('in');
	}

	it('is the sha256 of its sorted listing; its regular files are the rows', async () => {
		const root = await files();
		const pinned = await pin(root);
		expect(pinned).toMatchObject({kind: 'folder', name: root, path: root, prefix: ''});
		expect(await open(pinned)).toEqual(['a/x.jpg', 'b.txt', 'c.JPG'].map(name => ({file: join(root, name)})));
		expect(await pin(root)).toEqual(pinned);
	});

	it.each([
		['a file is added', () => write('in/d.txt')],
		['a file is added between others', () => write('in/a/a.txt')],
		['a file is gone', () => rm(inFolder('in/b.txt'))],
		['a file is longer', () => write('in/b.txt', 'longer')],
		['a file was touched', () => utimes(inFolder('in/b.txt'), 1, 1)],
	])('is another one when %s, and refused when that happens before the plan', async (_, change) => {
		const pinned = await pin(await files());
		await change();
		await expect(open(pinned)).rejects.toMatchObject({...CHANGED, message: expect.stringContaining(inFolder('in'))});
		expect(contentOf(await pin(inFolder('in')))).not.toBe(contentOf(pinned));
	});

	it.each([
		['a dot-file comes', () => write('in/.note')],
		['a dot-folder comes', () => write('in/.cache/x')],
		['a link comes', () => symlink(inFolder('in/b.txt'), inFolder('in/another.txt'))],
		['an output comes', () => write('in/old/another.jpg')],
	])('stays the same when %s', async (_, change) => {
		const pinned = await pin(await files());
		await change();
		expect(await pin(inFolder('in'))).toEqual(pinned);
		expect(await open(pinned)).toHaveLength(3);
	});

	it('gives what the flow takes, tells of the rest once, and is another one for another flow', async () => {
		const root = await files();
		const leftOut: string[] = [];
		const taking = {extensions: ['jpg'], onLeftOut: (path: string) => void leftOut.push(path)};
		const pinned = await pin(root, taking);
		expect(leftOut).toEqual([]);
		expect(await open(pinned, taking)).toEqual(['a/x.jpg', 'c.JPG'].map(name => ({file: join(root, name)})));
		expect(leftOut).toEqual(['b.txt']);
		expect(contentOf(pinned)).not.toBe(contentOf(await pin(root)));
	});

	it('leaves the run’s own output and state out, and cannot be the output itself', async () => {
		const root = await files();
		await write('in/out/result.txt');
		expect(await open(await pin(root, {exclude: [inFolder('in/out')]}), {exclude: [inFolder('in/out')]})).toHaveLength(3);
		await expect(pin(root, {exclude: [root]})).rejects.toThrow(TypeError);
	});

	it('of several sources is part of its files’ ids, as it was named', async () => {
		const root = await files();
		const pinned = await pin(`${root}/`, {isOneOfMany: true});
		expect(await open(pinned)).toEqual(['a/x.jpg', 'b.txt', 'c.JPG'].map(name => ({id: `${root}/${name}`, file: join(root, name)})));
	});

	it('without files has no rows', async () => {
		await mkdir(inFolder('empty'));
		expect(await open(await pin(inFolder('empty')))).toEqual([]);
	});

	it('gives a thousand files and one, in order', async () => {
		const names = Array.from({length: 1001}, (_, n) => `f${String(n).padStart(4, '0')}.txt`);
		await mkdir(inFolder('many'));
		await Promise.all(names.map(name => writeFile(inFolder(`many/${name}`), name)));
		expect(await open(await pin(inFolder('many')))).toEqual(names.map(name => ({file: inFolder(`many/${name}`)})));
	});
});

describe('a URL', () => {
	it('is the sha256 of its body, kept until the run is planned; its query is in no name', async () => {
		await using origin = await httpOrigin();
		origin.on('/list.jsonl?token=secret', serve('{"url":"https://example.com/a"}\n'));
		const pinned = await pin(origin.url('/list.jsonl?token=secret'), {allowOrigins: [origin.origin]});
		expect(pinned).toMatchObject({kind: 'url', name: origin.url('/list.jsonl'), sha256: sha256('{"url":"https://example.com/a"}\n')});
		expect(JSON.stringify(pinned)).not.toContain('secret');
		expect(await open(pinned)).toEqual([{url: 'https://example.com/a'}]);
		expect(origin.requests).toHaveLength(1);
	});

	it('may not name files of this machine', async () => {
		await using origin = await httpOrigin();
		origin.on('/list.jsonl', serve(LIST));
		const pinned = await pin(origin.url('/list.jsonl'), {allowOrigins: [origin.origin]});
		await expect(open(pinned)).rejects.toMatchObject({code: 'FILE_DENIED'});
	});

	it.each([
		['that is not there', status(404), 'HTTP_STATUS'],
		['whose body is cut off', {body: 'x'.repeat(100), cutAt: 50, ending: 'end'} as const, 'BODY_TRUNCATED'],
	])('%s is an error of the web, and nothing is kept', async (_, answer, code) => {
		await using origin = await httpOrigin();
		origin.on('/list', answer);
		await expect(pin(origin.url('/list'), {allowOrigins: [origin.origin]})).rejects.toMatchObject({code});
		expect(state.objects.size).toBe(0);
	});

	it('of a private address is refused', async () => {
		await using origin = await httpOrigin();
		await expect(pin(origin.url('/list'))).rejects.toMatchObject({code: expect.stringMatching(/_DENIED$/u)});
		expect(origin.connections).toBe(0);
	});
});

describe('items of a program', () => {
	const items = [{id: 'a', n: 1}, 'https://example.com/x', 7, null, [1], {at: new Date(0), left: undefined}];
	const written = ['{"id":"a","n":1}', '"https://example.com/x"', '7', 'null', '[1]', '{"at":"1970-01-01T00:00:00.000Z"}'];

	it.each([
		['an array', () => items],
		['a set', () => new Set(items)],
		['a generator', () => items.values()],
		[
			'an async generator',
			async function* () {
				yield* items;
			},
		],
	])('from %s are the sha256 of their JSON, line by line', async (_, make) => {
		const pinned = await pin({name: 'items', items: make()});
		expect(pinned).toMatchObject({kind: 'iterable', name: 'items', sha256: sha256(written.map(line => `${line}\n`).join(''))});
		expect(await open(pinned)).toEqual(written.map(line => JSON.parse(line) as unknown));
	});

	it('are what they are, whatever they look like: a text is no comment and no JSON', async () => {
		const texts = ['# not a comment', '{"file":"x"}', '', 'a,b', '\u2028'];
		expect(await open(await pin({name: 'items', items: texts}))).toEqual(texts);
	});

	it('of none are no rows', async () => {
		expect(await open(await pin({name: 'items', items: []}))).toEqual([]);
	});

	it('more than a chunk of them are all there', async () => {
		const many = Array.from({length: 1001}, (_, n) => n);
		expect(await open(await pin({name: 'items', items: many}))).toEqual(many);
	});

	const circle: {self?: unknown} = {};
	circle.self = circle;
	it.each([
		['a BigInt', 1n, 'bigint'],
		['a BigInt inside', {id: 1n}, 'object'],
		['undefined', undefined, 'undefined'],
		['a function', () => 1, 'function'],
		['a symbol', Symbol('x'), 'symbol'],
		['a circle', circle, 'object'],
	])('that are %s are refused by their number, and nothing is kept', async (_, item, kind) => {
		const refused = pin({name: 'items', items: [1, 2, item]});
		await expect(refused).rejects.toThrow(TypeError);
		await expect(refused).rejects.toThrow(`item 2 of the run is not JSON (${kind})`);
		expect(state.objects.size).toBe(0);
	});

	it('that fail to come are an error as it is', async () => {
		const broken = async function* () {
			yield 1;
			throw new Error('the database is gone');
		};
		await expect(pin({name: 'items', items: broken()})).rejects.toThrow('the database is gone');
		expect(state.objects.size).toBe(0);
	});

	it('are given up with the signal, also while they keep us waiting', async () => {
		const controller = new AbortController();
		const never = async function* () {
			yield 1;
			queueMicrotask(() => controller.abort(new Error('given up')));
			await new Promise(() => {});
		};
		await expect(pin({name: 'items', items: never()}, {signal: controller.signal})).rejects.toThrow('given up');
	});

	it('without an end are given up with the signal', async () => {
		const controller = new AbortController();
		const endless = function* () {
			for (let n = 0; ; n++) {
				if (n === 2000) controller.abort(new Error('given up'));
				yield n;
			}
		};
		await expect(pin({name: 'items', items: endless()}, {signal: controller.signal})).rejects.toThrow('given up');
		expect(state.objects.size).toBe(0);
	});
});

describe('a word that names no source', () => {
	it.each(['s3://bucket', 's3://B/list.jsonl', 's3://bucket/list.jsonl', 'ftp://example.com/list', 'http://'])(
		'is refused: %s',
		async word => {
			await expect(pin(word)).rejects.toThrow(TypeError);
		},
	);
});
