import {createHash, randomBytes} from 'node:crypto';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {s3Reader} from '../../src/adapters/s3/reader.ts';
import {s3Store} from '../../src/adapters/s3/store.ts';
import {TwolaneError} from '../../src/lanes/errors.ts';
import type {ObjectStore} from '../../src/runs/object-store.ts';
import {type FaultProxy, faultProxy} from '../support/fault-proxy.ts';
import {localStack} from '../support/localstack.ts';
import {type TestBucket, openBucket} from '../support/s3-bucket.ts';

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
const {signal} = new AbortController();
const SHORT = {callMs: 400, idleMs: 300};
const LOST = {kind: 'lose-answer'} as const;
const says = (status: number, code: string) => ({kind: 'answer', status, code}) as const;

let proxy: FaultProxy;
let bucket: TestBucket;
let store: ObjectStore;
beforeEach(async () => {
	proxy = await faultProxy(localStack().endpoint);
	bucket = await openBucket({endpoint: proxy.endpoint});
	store = s3Store(bucket);
});
afterEach(async () => {
	await bucket.dispose();
	await proxy[Symbol.asyncDispose]();
});

const textOf = async (key: string): Promise<string | undefined> => {
	const found = await s3Store({...bucket}).get(key);
	return found && Buffer.from(found.body).toString();
};
const asked = (): string => proxy.methods();
const keyedPath = (key: string): string => `/${bucket.bucket}/${key}`;

describe('requests', () => {
	it('are one for each call that goes well, found or lost', async () => {
		expect(await store.create('a', 'one')).toBe(true);
		expect(await store.create('a', 'two')).toBe(false);
		const etag = (await store.head('a'))?.etag ?? '';
		expect(await store.replace('a', 'three', {etag})).toBe(true);
		expect(await store.replace('a', 'four', {etag})).toBe(false);
		expect(await store.replace('none', 'five', {etag})).toBe(false);
		await store.put('b', Buffer.from('b'), {signal});
		expect(await textOf('a')).toBe('three');
		expect(await store.get('none')).toBeUndefined();
		expect(await store.head('none')).toBeUndefined();
		await Array.fromAsync(store.read('a', {start: 1, end: 3}));
		await Array.fromAsync(store.read('a'));
		await Array.fromAsync(store.list(''));
		await store.write('c', (async function* () {})());
		await store.remove('a');
		expect(asked()).toBe('PUT PUT HEAD PUT PUT PUT PUT GET GET HEAD GET GET GET PUT DELETE');
	});

	it('of a large stream are one for each part, and two', async () => {
		const part = randomBytes(8 * 1024 * 1024);
		await store.write(
			'large',
			(async function* () {
				yield part;
				yield part;
				yield 'the rest';
			})(),
		);
		expect(asked()).toBe('POST PUT PUT PUT POST');
		expect(sha256(Buffer.concat(await Array.fromAsync(store.read('large'))))).toBe(
			sha256(Buffer.concat([part, part, Buffer.from('the rest')])),
		);
	});

	it('of a list are one for each page', async () => {
		for (const n of [1, 2, 3]) await store.create(`k${n}`, '');
		asked();
		await Array.fromAsync(store.list(''));
		expect(asked()).toBe('GET');
	});
});

describe('create', () => {
	it('knows that it has won when the answer to its first try is lost', async () => {
		proxy.fail('PUT', LOST);
		expect(await store.create('seal', 'ours', {metadata: {claim: '3'}})).toBe(true);
		expect(asked()).toBe('PUT PUT HEAD');
		expect(await textOf('seal')).toBe('ours');
		expect((await store.head('seal'))?.metadata).toEqual({claim: '3'});
	});

	it('knows that it has won when both the first answers are lost, or the second is a server error', async () => {
		proxy.fail('PUT', LOST, LOST);
		expect(await store.create('one', 'ours')).toBe(true);
		proxy.fail('PUT', LOST, says(500, 'InternalError'));
		expect(await store.create('two', 'ours')).toBe(true);
		expect([await textOf('one'), await textOf('two')]).toEqual(['ours', 'ours']);
	});

	it('has one winner of two that write the same bytes, also when one of them is cut off at first', async () => {
		const other = s3Store({...bucket, client: bucket.client});
		proxy.fail('PUT', {kind: 'cut'});
		const ours = store.create('seal', 'same');
		const theirs = other.create('seal', 'same');
		expect([await ours, await theirs].filter(Boolean)).toEqual([true]);
	});

	it('knows that it has lost when its first try never arrived and the key was taken meanwhile', async () => {
		const taken = {kind: 'hold', until: () => bucket.put('seal', 'theirs')} as const;
		proxy.fail('PUT', {kind: 'cut'}, taken);
		expect(await store.create('seal', 'theirs')).toBe(false);
		expect(asked()).toBe('PUT PUT HEAD');
	});

	it('asks again when S3 says that others write at the same time, and nobody else needs be asked', async () => {
		proxy.fail('PUT', says(409, 'ConditionalRequestConflict'), says(409, 'ConditionalRequestConflict'));
		expect(await store.create('a', 'ours')).toBe(true);
		expect(asked()).toBe('PUT PUT PUT');
		proxy.fail('PUT', says(409, 'ConditionalRequestConflict'));
		expect(await store.create('a', 'again')).toBe(false);
		expect(asked()).toBe('PUT PUT');
		expect(await textOf('a')).toBe('ours');
	});

	it('gives up when the conflict does not end', async () => {
		proxy.fail('PUT', ...Array.from({length: 20}, () => says(409, 'ConditionalRequestConflict')));
		await expect(store.create('a', 'ours')).rejects.toMatchObject({code: 'STORE_FAILED', retryable: true});
		expect(asked()).toBe(Array.from({length: 7}, () => 'PUT').join(' '));
	});

	it('says that it does not know when every answer is lost; once more it finds what is there', async () => {
		proxy.fail('PUT', LOST, LOST, LOST);
		await expect(store.create('a', 'ours')).rejects.toMatchObject({code: 'STORE_FAILED', retryable: true});
		expect(await store.create('a', 'ours')).toBe(false);
	});
});

describe('replace', () => {
	beforeEach(async () => {
		await store.create('lease', 'old');
		asked();
	});
	const etagOf = async (key: string): Promise<string> => {
		const {etag = ''} = (await store.head(key)) ?? {};
		asked();
		return etag;
	};

	it('knows that it has won when the answer to its first try is lost', async () => {
		const etag = await etagOf('lease');
		proxy.fail('PUT', LOST);
		expect(await store.replace('lease', 'ours', {etag})).toBe(true);
		expect(asked()).toBe('PUT PUT HEAD');
		expect(await textOf('lease')).toBe('ours');
	});

	it('knows that it has lost when another one was faster, or the object is gone', async () => {
		const etag = await etagOf('lease');
		proxy.fail('PUT', {kind: 'cut'}, {kind: 'hold', until: () => bucket.put('lease', 'theirs')});
		expect(await store.replace('lease', 'ours', {etag})).toBe(false);
		expect(await textOf('lease')).toBe('theirs');
		proxy.fail('PUT', says(409, 'ConditionalRequestConflict'));
		expect(await store.replace('lease', 'ours', {etag})).toBe(false);
	});
});

describe('write', () => {
	async function* large(): AsyncGenerator<Uint8Array> {
		for (let n = 0; n < 3; n++) yield Buffer.alloc(8 * 1024 * 1024, n);
	}

	it('knows that it is done when the answer to its end is lost', async () => {
		proxy.fail('POST', undefined, LOST);
		await store.write('a', large());
		expect((await store.head('a'))?.metadata).toEqual({});
		expect(await bucket.uploads()).toBe(0);
	});

	it.each([
		['a part is refused', () => proxy.fail('PUT', undefined, says(403, 'AccessDenied')), 'STORE_DENIED'],
		['its end is refused', () => proxy.fail('POST', undefined, says(403, 'AccessDenied')), 'STORE_DENIED'],
		['the bucket is full', () => proxy.fail('PUT', undefined, says(507, 'InsufficientStorage')), 'STORE_FULL'],
	])('leaves no part behind when %s', async (_, arrange, code) => {
		arrange();
		await expect(store.write('a', large())).rejects.toMatchObject({code});
		expect(await bucket.uploads()).toBe(0);
		expect(await store.head('a')).toBeUndefined();
	});

	it('leaves no part behind when what it writes fails', async () => {
		const broken = new Error('the chunks broke');
		async function* breaking(): AsyncGenerator<Uint8Array> {
			yield* large();
			throw broken;
		}
		await expect(store.write('a', breaking())).rejects.toBe(broken);
		expect(await bucket.uploads()).toBe(0);
	});
});

describe('a body', () => {
	const body = randomBytes(3_000_000);
	beforeEach(async () => {
		await bucket.put('a', body);
		asked();
	});
	const read = async (range?: {readonly start?: number; readonly end?: number}): Promise<string> =>
		sha256(Buffer.concat(await Array.fromAsync(s3Store({...bucket, timeLimits: {idleMs: 300}}).read('a', range))));

	it.each([
		['is cut', {kind: 'cut-body', after: 1_000_000}],
		['is cut after its headers', {kind: 'cut-body', after: 0}],
		['stalls', {kind: 'stall-body', after: 1_234_567}],
	] as const)('that %s goes on where it broke, of the same object', async (_, fault) => {
		proxy.fail('GET', fault);
		expect(await read()).toBe(sha256(body));
		expect(asked()).toBe('GET GET');
		expect(proxy.seen.at(-1)?.headers['if-match']).toMatch(/^"[0-9a-f]{32}"$/u);
		expect(proxy.seen.at(-1)?.headers.range).toMatch(/^bytes=\d+-2999999$/u);
	});

	it('of a range that is cut goes on in its range', async () => {
		proxy.fail('GET', {kind: 'cut-body', after: 400_000});
		expect(await read({start: 1000, end: 2_000_000})).toBe(sha256(body.subarray(1000, 2_000_000)));
		expect(proxy.seen.at(-1)?.headers.range).toMatch(/^bytes=\d+-1999999$/u);
	});

	it('that is cut again and again is given up when nothing comes any more', async () => {
		proxy.fail('GET', ...Array.from({length: 20}, () => ({kind: 'cut-body', after: 0}) as const));
		await expect(read()).rejects.toMatchObject({code: 'STORE_FAILED', retryable: true});
		expect(asked()).toBe('GET GET GET GET');
	});

	it('is not sewn together from two objects', async () => {
		proxy.fail('GET', {kind: 'cut-body', after: 1_000_000}, {kind: 'hold', until: () => bucket.put('a', randomBytes(3_000_000))});
		await expect(read()).rejects.toMatchObject({code: 'STORE_FAILED', message: expect.stringContaining('changed meanwhile')});
	});

	it('that arrives with another bit is refused', async () => {
		proxy.fail('GET', {kind: 'flip'});
		await expect(store.get('a')).rejects.toMatchObject({code: 'STORE_FAILED', message: expect.stringContaining('checksum')});
	});
});

describe('a failure', () => {
	it.each([
		['no answer', Array.from({length: 3}, () => ({kind: 'stall'}) as const), 'STORE_FAILED', true, /did not answer in time/u],
		['503 SlowDown', Array.from({length: 3}, () => says(503, 'SlowDown')), 'STORE_THROTTLED', true, /slow down/u],
		['500', Array.from({length: 3}, () => says(500, 'InternalError')), 'STORE_FAILED', true, /could not answer/u],
		['403', [says(403, 'AccessDenied')], 'STORE_DENIED', false, /access is denied/u],
		['a wrong key', [says(403, 'InvalidAccessKeyId')], 'STORE_DENIED', false, /set AWS_PROFILE/u],
		['no bucket', [says(404, 'NoSuchBucket')], 'STORE_FAILED', false, /bucket does not exist: create it/u],
		['a full bucket', [says(507, 'InsufficientStorage')], 'STORE_FULL', false, /no room left/u],
	] as const)('of a write by %s has its code, and names bucket and key', async (_, faults, code, retryable, message) => {
		proxy.fail('PUT', ...faults);
		const failing = s3Store({...bucket, prefix: 'out', timeLimits: faults[0].kind === 'stall' ? SHORT : {}});
		const error = await failing.create('ab/x.jpg', 'x').catch((thrown: unknown) => thrown);
		expect(error).toBeInstanceOf(TwolaneError);
		expect(error).toMatchObject({code, retryable, message: expect.stringMatching(message)});
		expect((error as Error).message).toContain(`s3://${bucket.bucket}/out/ab/x.jpg could not be written: `);
		expect((error as Error).message).not.toMatch(/signature|credential=/iu);
	});

	it('of a slow start is ridden out', async () => {
		proxy.fail('PUT', says(503, 'SlowDown'), says(500, 'InternalError'));
		expect(await store.create('a', 'x')).toBe(true);
	});

	const context = (): Parameters<ReturnType<typeof s3Reader>['read']>[1] => ({signal, maxBytes: 1e9, reserve: async () => {}});
	it.each([
		['404', [says(404, 'NoSuchKey')], 'S3_NOT_FOUND', false],
		['403', [says(403, 'AccessDenied')], 'S3_ACCESS_DENIED', false],
		['an archived object', [says(403, 'InvalidObjectState')], 'S3_ARCHIVED', false],
		['503 SlowDown', Array.from({length: 3}, () => says(503, 'SlowDown')), 'S3_THROTTLED', true],
		['500', Array.from({length: 3}, () => says(500, 'InternalError')), 'S3_UNAVAILABLE', true],
		['a cut connection', Array.from({length: 3}, () => ({kind: 'cut'}) as const), 'S3_UNAVAILABLE', true],
		['no answer', [{kind: 'stall'}], 'S3_TIMEOUT', true],
		['a body that stalls', Array.from({length: 9}, () => ({kind: 'stall-body', after: 0}) as const), 'S3_TIMEOUT', true],
		['another bit', [{kind: 'flip'}], 'S3_CHECKSUM', true],
	] as const)('of a read by %s has its code', async (_, faults, code, retryable) => {
		await bucket.put('a', 'content');
		proxy.fail('GET', ...faults);
		const isSlow = faults[0].kind.startsWith('stall');
		const reader = s3Reader({client: bucket.client, ...(isSlow && {timeLimits: SHORT})});
		const reading = reader.read({s3: `s3:/${keyedPath('a')}`}, context());
		await expect(reading).rejects.toMatchObject({code, retryable, message: expect.stringContaining(`s3://${bucket.bucket}/a `)});
	});

	it('of a read whose item is over is the reason of that', async () => {
		await bucket.put('a', 'content');
		const controller = new AbortController();
		proxy.fail('GET', {
			kind: 'hold',
			until: async () => {
				controller.abort('over');
				await new Promise(() => {});
			},
		});
		const reader = s3Reader({client: bucket.client});
		await expect(reader.read({s3: `s3:/${keyedPath('a')}`}, {...context(), signal: controller.signal})).rejects.toBe('over');
	});
});
