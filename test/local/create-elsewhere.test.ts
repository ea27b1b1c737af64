import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {thumbnail} from '../../src/flows/thumbnail/index.ts';
import {readFlow} from '../../src/lanes/flow.ts';
import type {RunRequest} from '../../src/local/begin-run.ts';
import {createElsewhere} from '../../src/local/create-elsewhere.ts';
import {type Place, openPlace} from '../../src/local/place.ts';
import {ManifestError} from '../../src/manifest/manifest-error.ts';
import {sha256} from '../support/lane-setup.ts';
import {memoryObjects} from '../support/memory-objects.ts';

let folder: string;
let place: Place;
let bucket: ReturnType<typeof memoryObjects>;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'twolane-elsewhere-'));
	bucket = memoryObjects({isShared: true, uri: 's3://bucket/thumbnails'});
	place = openPlace({out: bucket});
});
afterEach(() => rm(folder, {recursive: true, force: true}));

const LIST = '{"id":"a","url":"https://example.com/a.jpg"}\n';
const write = async (name: string, text: string): Promise<string> => {
	await writeFile(join(folder, name), text);
	return join(folder, name);
};
const create = (sources: RunRequest['sources'], more: Partial<RunRequest> = {}) =>
	createElsewhere(
		{
			place,
			flow: readFlow(thumbnail),
			session: {},
			sources,
			options: {},
			maxBytes: 1000,
			allowOrigins: [],
			workers: {engine: 'auto', maxWorkers: 7, stack: 'twolane-dev'},
			...more,
		},
		memoryObjects(),
	);
const keys = (part: string): string[] => [...bucket.objects.keys()].filter(key => key.includes(part));

describe('a run that is created for a stack', () => {
	it('has its list in the bucket, and says who works on it', async () => {
		const path = await write('list.jsonl', LIST);
		const {spec, isNew} = await create([path]);
		expect({...spec, isNew}).toMatchObject({
			isNew: true,
			engine: 'auto',
			maxWorkers: 7,
			stack: 'twolane-dev',
			out: 's3://bucket/thumbnails',
		});
		expect(spec.sources).toMatchObject([{kind: 'stdin', name: path, base: '', sha256: sha256(LIST)}]);
		const [spool = '', ...others] = keys('/spool/');
		expect(others).toEqual([]);
		expect(bucket.objects.get(spool)?.text).toBe(LIST);
		// Nothing is planned here.
		expect(keys('plan.json')).toEqual([]);
	});

	it('is found again, and its list kept once', async () => {
		const path = await write('list.jsonl', LIST);
		const {spec} = await create([path]);
		const before = keys('');
		expect(await create([path])).toEqual({spec, isNew: false});
		expect(keys('')).toEqual(before);
	});

	it('is another one when the list was edited', async () => {
		const {spec} = await create([await write('list.jsonl', LIST)]);
		const other = await create([await write('list.jsonl', LIST.replace('a.jpg', 'b.jpg'))]);
		expect(other.isNew).toBe(true);
		expect(other.spec.runId).not.toBe(spec.runId);
	});

	it.each([
		['a line that cannot be used', `${LIST}nope\n`, ManifestError, /list\.jsonl:2: not JSON/u],
		['an id twice', LIST + LIST.replace('a.jpg', 'b.jpg'), ManifestError, /id "a" was already used in line 1/u],
		['a file', `${LIST}{"file":"photos/a.jpg"}\n`, TypeError, /'photos\/a\.jpg' is a file of this machine, which no stack can read/u],
		['files', '{"file":"b.jpg"}\n{"file":"c.jpg"}\n', TypeError, /'b\.jpg' and others are files of this machine/u],
	])('comes to nothing, and leaves nothing, with %s', async (_, text, kind, message) => {
		const creating = create([await write('list.jsonl', text)]);
		await expect(creating).rejects.toThrow(message);
		await expect(creating).rejects.toBeInstanceOf(kind);
		expect(keys('')).toEqual([]);
	});

	it('takes files that are to be skipped as items that have failed', async () => {
		expect((await create([await write('list.jsonl', '{"file":"b.jpg"}\n')], {skipInvalid: true})).isNew).toBe(true);
	});

	it('cannot have a folder, and says how to bring it there', async () => {
		await expect(create([folder])).rejects.toThrow(/aws s3 sync \S+ s3:\/\/bucket\/twolane-elsewhere-\w+\/, then name s3:\/\/bucket\//u);
		expect(keys('')).toEqual([]);
	});

	it('leaves no list behind when the bucket fails', async () => {
		const failing = memoryObjects({
			isShared: true,
			uri: 's3://bucket/thumbnails',
			before({op, key}) {
				if (op === 'create' && key.endsWith('run.json')) throw new Error('no more room');
			},
		});
		place = openPlace({out: failing});
		await expect(create([await write('list.jsonl', LIST)])).rejects.toThrow('no more room');
		expect([...failing.objects.keys()].filter(key => key.includes('spool'))).toEqual([]);
	});
});
