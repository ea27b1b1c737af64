import {createHash} from 'node:crypto';
import {gzipSync} from 'node:zlib';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {s3Reader} from '../../src/adapters/s3/reader.ts';
import {contentOf, type PinnedSource} from '../../src/runs/spec.ts';
import {openPinned} from '../../src/sources/open-pinned.ts';
import {pinSource} from '../../src/sources/pin-source.ts';
import type {SourceOptions} from '../../src/sources/source-options.ts';
import {memoryObjects} from '../support/memory-objects.ts';
import {type TestBucket, openBucket} from '../support/s3-bucket.ts';

let bucket: TestBucket;
beforeEach(async () => {
	bucket = await openBucket();
});
afterEach(() => bucket.dispose());

const state = memoryObjects();
const at = (key: string): string => `s3://${bucket.bucket}/${key}`;
const options = (others: Partial<SourceOptions> = {}): SourceOptions => ({
	exclude: [],
	isOneOfMany: false,
	allowOrigins: [],
	s3: s3Reader({client: bucket.client, buckets: [bucket.bucket]}),
	...others,
});
const pin = (word: string, others?: Partial<SourceOptions>): Promise<PinnedSource> =>
	pinSource({state, token: () => 'token'}, word, options(others));
async function open(pinned: PinnedSource, others?: Partial<SourceOptions>): Promise<unknown[]> {
	const rows = (await Array.fromAsync(openPinned(state, pinned, options(others)).rows)).flat();
	return rows.map(row => ('problem' in row ? row.problem : row.value));
}
const CHANGED = {code: 'MANIFEST_CHANGED'};
const LIST = '{"s3":"s3://a/b"}\n{"file":"c.txt"}\n';

describe('a manifest in S3', () => {
	it.each([
		['JSONL', 'list.jsonl', LIST],
		['gzip, whatever it is called', 'lists/list', gzipSync(LIST)],
	])('of %s is its etag, and gives its rows', async (_, key, body) => {
		const {etag} = await bucket.put(key, body);
		const pinned = await pin(at(key));
		expect(pinned).toEqual({kind: 's3-object', name: at(key), bucket: bucket.bucket, key, etag});
		expect(contentOf(pinned)).toBe(etag);
		expect(await open(pinned)).toEqual([{s3: 's3://a/b'}, {file: 'c.txt'}]);
	});

	it('may not name files', async () => {
		await bucket.put('list.jsonl', LIST);
		const {resolveFile} = openPinned(state, await pin(at('list.jsonl')), options());
		expect(() => resolveFile('c.txt')).toThrow(expect.objectContaining({code: 'FILE_DENIED', message: expect.stringContaining('from S3')}));
	});

	it('has the key as it is written: spaces, +, %, umlauts, an emoji', async () => {
		const key = 'a folder/100%+ä🌊.jsonl';
		await bucket.put(key, LIST);
		expect(await open(await pin(at(key)))).toHaveLength(2);
	});

	it('that was overwritten before it is read is refused', async () => {
		await bucket.put('list.jsonl', LIST);
		const pinned = await pin(at('list.jsonl'));
		await bucket.put('list.jsonl', `${LIST}\n`);
		await expect(open(pinned)).rejects.toMatchObject(CHANGED);
		expect(contentOf(await pin(at('list.jsonl')))).not.toBe(contentOf(pinned));
	});

	it('in a bucket with versions is its version, and stays readable when it is overwritten', async () => {
		await bucket.keep();
		const {versionId} = await bucket.put('list.jsonl', LIST);
		const pinned = await pin(at('list.jsonl'));
		expect(pinned).toMatchObject({kind: 's3-object', versionId});
		await bucket.put('list.jsonl', '');
		expect(await open(pinned)).toHaveLength(2);
		const {versionId: second = ''} = await bucket.put('other.jsonl', '');
		await expect(open({...pinned, versionId: second} as PinnedSource)).rejects.toMatchObject(CHANGED);
	});

	it('that is not there says how a prefix is written', async () => {
		await expect(pin(at('photos'))).rejects.toMatchObject({
			code: 'S3_NOT_FOUND',
			message: expect.stringContaining(`write ${at('photos')}/`),
		});
	});

	it('in a bucket that may not be read is refused', async () => {
		await expect(pin('s3://another-bucket/list.jsonl')).rejects.toMatchObject({code: 'BUCKET_DENIED'});
		await expect(pin('s3://another-bucket/photos/')).rejects.toMatchObject({code: 'BUCKET_DENIED'});
	});

	it('without a reader of S3 is refused', async () => {
		await expect(pin(at('list.jsonl'), {s3: undefined})).rejects.toThrow(/nobody here reads s3/u);
	});
});

describe('a prefix in S3', () => {
	const keys = ['in/a.jpg', 'in/b/1.PNG', 'in/ü +%.jpg', 'in/z.txt'];
	const putAll = async (more: readonly string[] = []): Promise<void> => {
		for (const key of [...keys, ...more]) await bucket.put(key, key);
	};
	const itemsOf = (found: readonly string[]) => found.map(key => ({s3: at(key)}));

	it('gives its objects in the order of their keys, without dot-names and folder markers', async () => {
		await putAll(['in/', 'in/b/', 'in/.hidden', 'in/.cache/x.jpg', 'in/b/.DS_Store', 'inside.jpg', 'out/x.jpg']);
		const pinned = await pin(at('in/'));
		expect(pinned).toMatchObject({kind: 's3-prefix', name: at('in/'), bucket: bucket.bucket, prefix: 'in/'});
		expect(await open(pinned)).toEqual(itemsOf(['in/a.jpg', 'in/b/1.PNG', 'in/z.txt', 'in/ü +%.jpg']));
	});

	it('gives what the flow takes, and tells of the rest once', async () => {
		await putAll();
		const leftOut: string[] = [];
		const taking = {extensions: ['jpg', 'png'], onLeftOut: (key: string) => void leftOut.push(key)};
		const pinned = await pin(at('in/'), taking);
		expect(leftOut).toEqual([]);
		expect(await open(pinned, taking)).toEqual(itemsOf(['in/a.jpg', 'in/b/1.PNG', 'in/ü +%.jpg']));
		expect(leftOut).toEqual(['in/z.txt']);
		expect(contentOf(pinned)).not.toBe(contentOf(await pin(at('in/'))));
	});

	it.each([
		['an object comes', () => bucket.put('in/c.jpg', 'c')],
		['an object changes', () => bucket.put('in/a.jpg', 'other')],
	])('is another one when %s, and refused when that happens before the plan', async (_, change) => {
		await putAll();
		const pinned = await pin(at('in/'));
		await change();
		await expect(open(pinned)).rejects.toMatchObject({...CHANGED, message: expect.stringContaining(at('in/'))});
		expect(contentOf(await pin(at('in/')))).not.toBe(contentOf(pinned));
	});

	it('never gives what runs have written: neither this one, nor an earlier one below it', async () => {
		await putAll([
			'in/thumbs/.twolane/runs/a/run.json',
			'in/thumbs/0f/a/256.jpg',
			'in/thumbs/x.jpg',
			'in/out/ab/a/256.jpg',
			'in/outer.jpg',
		]);
		const excluding = {exclude: [at('in/out'), at('in/out/.twolane')]};
		const pinned = await pin(at('in/'), excluding);
		expect(await open(pinned, excluding)).toEqual(itemsOf(['in/a.jpg', 'in/b/1.PNG', 'in/outer.jpg', 'in/z.txt', 'in/ü +%.jpg']));
	});

	it.each([
		['the output itself', 'in/', ['in'], false],
		['a folder of the output', 'in/0f/', ['in'], false],
		['the records', 'in/.twolane/runs/', ['in'], false],
		['the whole bucket that is the output', '', [''], false],
		['a neighbour of the output that begins alike', 'in/', ['in2'], true],
		['a folder beside the outputs in a bucket', 'in/', [''], true],
	])('that is %s: allowed %s', async (_, prefix, outs, isAllowed) => {
		await putAll();
		const exclude = outs.map(out => at(out).replace(/\/$/u, ''));
		if (isAllowed) expect(await open(await pin(at(prefix), {exclude}), {exclude})).toHaveLength(4);
		else await expect(pin(at(prefix), {exclude})).rejects.toThrow(/is also --out/u);
	});

	it('that is empty has no rows', async () => {
		expect(await open(await pin(at('none/')))).toEqual([]);
	});
});

describe('an S3 Inventory', () => {
	const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');
	const SCHEMA = 'Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size';
	const CSV = [
		'"photos","a+b%2Bc%25.jpg","v1","true","false","10"',
		'"photos","old.jpg","v0","false","false","10"',
		'"photos","gone.jpg","v2","true","true",""',
		'"photos","%C3%BC%F0%9F%8C%8A.png","","true","false","10"',
		'"photos","note.txt","null","true","false","10"',
		'"photos",".hidden/x.jpg","v3","true","false","10"',
	].join('\n');

	async function putInventory(change: Readonly<Record<string, unknown>> = {}): Promise<PinnedSource> {
		const files = [CSV, '"photos","b.jpg","v4","true","false","10"'].map(text => gzipSync(text));
		for (const [n, body] of files.entries()) await bucket.put(`inventory/data/${n}.csv.gz`, body);
		const manifest = {
			sourceBucket: 'photos',
			destinationBucket: `arn:aws:s3:::${bucket.bucket}`,
			version: '2016-11-30',
			creationTimestamp: '1514944800000',
			fileFormat: 'CSV',
			fileSchema: SCHEMA,
			files: files.map((body, n) => ({key: `inventory/data/${n}.csv.gz`, size: body.length, MD5checksum: md5(body)})),
			...change,
		};
		await bucket.put('inventory/manifest.json', JSON.stringify(manifest, undefined, 2));
		return await pin(at('inventory/manifest.json'));
	}

	it('gives the newest version of every key that is there, and that the flow takes', async () => {
		const taking = {extensions: ['jpg', 'png']};
		expect(await open(await putInventory(), taking)).toEqual([
			{s3: 's3://photos/a b+c%.jpg', versionId: 'v1'},
			{s3: 's3://photos/ü🌊.png'},
			{s3: 's3://photos/b.jpg', versionId: 'v4'},
		]);
	});

	it('never gives what the run itself has written', async () => {
		const records = gzipSync(
			['photos,0f/a/256.jpg,,true,false,1', 'photos,b.jpg,,true,false,1', 'photos,b/x/1.jpg,,true,false,1'].join('\n'),
		);
		const pinned = await putInventory({files: [{key: 'inventory/own.csv.gz'}]});
		await bucket.put('inventory/own.csv.gz', records);
		expect(await open(pinned, {exclude: ['s3://photos']})).toEqual([{s3: 's3://photos/b.jpg'}, {s3: 's3://photos/b/x/1.jpg'}]);
		expect(await open(pinned, {exclude: ['s3://photos/b']})).toEqual([{s3: 's3://photos/0f/a/256.jpg'}, {s3: 's3://photos/b.jpg'}]);
	});

	it.each(['ORC', 'Parquet'])('in %s is refused by name', async fileFormat => {
		await expect(open(await putInventory({fileFormat}))).rejects.toMatchObject({
			code: 'SOURCE_UNREADABLE',
			message: expect.stringMatching(new RegExp(`Inventory in ${fileFormat}, .*CSV`, 'u')),
		});
	});

	it('without keys, or with a file that is not what its manifest says, is refused', async () => {
		await expect(open(await putInventory({fileSchema: 'Bucket, Size'}))).rejects.toMatchObject({code: 'SOURCE_UNREADABLE'});
		const pinned = await putInventory();
		await bucket.put('inventory/data/1.csv.gz', gzipSync('"photos","other.jpg","","true","false","10"'));
		await expect(open(pinned)).rejects.toMatchObject(CHANGED);
	});

	it('is known by its content: a list of items that speak of inventories is a list', async () => {
		const items = [1, 2].map(n => ({s3: `s3://a/${n}`, fileFormat: 'CSV', fileSchema: 'Key'}));
		await bucket.put('list.json', items.map(item => JSON.stringify(item)).join('\n'));
		expect(await open(await pin(at('list.json')))).toEqual(items);
	});
});
