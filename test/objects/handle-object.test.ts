import {createHash} from 'node:crypto';
import {describe, expect, it} from 'vitest';
import {TwolaneError} from '../../src/lanes/errors.ts';
import {defineFlow, readFlow, skip} from '../../src/lanes/flow.ts';
import {sourceItem} from '../../src/lanes/source.ts';
import {type NewestVersion, type ObjectPorts, handleObject} from '../../src/objects/handle-object.ts';
import {setUpLanes} from '../../src/library.ts';
import {prefixed} from '../../src/runs/prefixed.ts';
import {memoryObjects} from '../support/memory-objects.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const object = {bucket: 'b', key: 'uploads/a b.jpg', etag: 'e1', versionId: undefined, createdAt: '2026-11-22T18:04:05.123Z'};

interface Given {
	readonly fetch?: () => Promise<string | ReturnType<typeof skip>>;
	readonly newest?: NewestVersion | undefined;
	readonly remainingMs?: number;
}

/** A flow that stores what `fetch` gives, in a shared store that forgets. */
function setUp(given: Given = {}) {
	const {fetch = async () => 'small', remainingMs = 60_000} = given;
	const newest = 'newest' in given ? given.newest : {etag: '"e1"', metadata: {}};
	const out = memoryObjects({isShared: true});
	let runs = 0;
	const flow = defineFlow({
		name: 'store',
		item: sourceItem,
		fetch: async () => {
			runs++;
			return await fetch();
		},
		store: async (text: string, {put}) => ({stored: (await put('256.jpg', text)).bytes}),
	});
	const ports: ObjectPorts = {
		state: prefixed(out, '.twolane/'),
		sha256,
		head: async () => newest,
		openLanes: async metadata => {
			if ('bad' in metadata) throw new TypeError('no such size');
			return setUpLanes(readFlow(flow), {out, attempts: 1});
		},
		remainingMs: () => remainingMs,
	};
	const files = () => [...out.objects].filter(([key]) => !key.startsWith('.twolane/'));
	const records = () => [...out.objects].filter(([key]) => key.startsWith('.twolane/objects/'));
	return {ports, files, records, count: () => runs};
}

describe('handleObject', () => {
	it('stores the outputs under the object’s key as id, stamped, and records them where its version says', async () => {
		const {ports, files, records} = setUp();
		const record = await handleObject(ports, object);
		const digest = sha256('b/uploads/a b.jpg/e1');
		expect(records().map(([key]) => key)).toEqual([`.twolane/objects/${digest.slice(0, 2)}/${digest}.json`]);
		expect(record).toMatchObject({status: 'succeeded', key: object.key, result: {stored: 5}});
		expect(files().map(([key]) => key)).toEqual(record.outputs?.map(({key}) => key));
		expect(files()[0]?.[0]).toMatch(new RegExp(`^${sha256(object.key).slice(0, 2)}/`, 'u'));
		expect(files()[0]?.[1].metadata).toMatchObject({createdat: object.createdAt, sha256: sha256('small')});
	});

	it('does nothing again for an event that comes late', async () => {
		const {ports, count} = setUp();
		const first = await handleObject(ports, object);
		expect(await handleObject(ports, object)).toEqual(first);
		expect(count()).toBe(1);
	});

	it('does it again when the same bytes come again after others: in a bucket without versions they look the same', async () => {
		const {ports, count, records} = setUp();
		await handleObject(ports, object);
		const again = {...object, createdAt: '2026-11-22T19:00:00.000Z'};
		expect(await handleObject(ports, again)).toMatchObject({status: 'succeeded', createdAt: again.createdAt});
		expect(count()).toBe(2);
		expect(records()).toHaveLength(1);
		// The first event comes late.
		expect(await handleObject(ports, object)).toMatchObject({createdAt: again.createdAt});
		expect(count()).toBe(2);
	});

	it.each(['runid', 'twolane-owner'])('leaves an output of a run alone, which says so with its %s', async name => {
		const {ports, count} = setUp({newest: {etag: '"e1"', metadata: {[name]: 'x'}}});
		expect(await handleObject(ports, object)).toMatchObject({status: 'skipped', reason: 'it is an output of a run'});
		expect(count()).toBe(0);
	});

	it('has one outcome for an event that comes three times at once', async () => {
		const {ports, records, files} = setUp();
		const told = await Promise.all([1, 2, 3].map(async () => await handleObject(ports, object)));
		expect(new Set(told.map(record => JSON.stringify(record))).size).toBe(1);
		expect([records().length, files().length]).toEqual([1, 1]);
	});

	it.each([
		['a newer version stands there', {etag: '"e2"', metadata: {}}, /newer version/u],
		['it is gone', undefined, /gone/u],
	])('skips an object when %s', async (_, newest, reason) => {
		const {ports, count} = setUp({newest});
		expect(await handleObject(ports, object)).toMatchObject({status: 'skipped', reason: expect.stringMatching(reason)});
		expect(count()).toBe(0);
	});

	it('tells versions apart by their ids where there are any', async () => {
		const {ports} = setUp({newest: {etag: '"e1"', versionId: 'v2', metadata: {}}});
		expect(await handleObject(ports, {...object, versionId: 'v1'})).toMatchObject({status: 'skipped'});
		expect(await handleObject(ports, {...object, versionId: 'v2'})).toMatchObject({status: 'succeeded'});
	});

	it('records a failure that is permanent', async () => {
		const {ports} = setUp({fetch: async () => Promise.reject(new TwolaneError('IMAGE_CORRUPT', 'broken', {retryable: false}))});
		expect(await handleObject(ports, object)).toMatchObject({status: 'failed', error: {code: 'IMAGE_CORRUPT', retryable: false}});
	});

	it('throws at one that may pass, records nothing, and is done the next time', async () => {
		let tries = 0;
		const {ports, records} = setUp({
			fetch: async () => {
				if (tries++ === 0) throw new TwolaneError('CONNECTION_RESET', 'not now', {retryable: true});
				return 'small';
			},
		});
		await expect(handleObject(ports, object)).rejects.toMatchObject({code: 'CONNECTION_RESET', retryable: true});
		expect(records()).toEqual([]);
		expect(await handleObject(ports, object)).toMatchObject({status: 'succeeded'});
	});

	it('throws when its time is over, with nothing recorded', async () => {
		const {ports, records} = setUp({fetch: async () => await new Promise<never>(() => {}), remainingMs: 0});
		await expect(handleObject(ports, object)).rejects.toMatchObject({code: 'WORKER_LOST', retryable: true});
		expect(records()).toEqual([]);
	});

	it('records what its metadata asks for and nobody can do', async () => {
		const {ports} = setUp({newest: {etag: '"e1"', metadata: {bad: '1'}}});
		expect(await handleObject(ports, object)).toMatchObject({status: 'failed', error: {message: 'no such size'}});
	});

	it('records that the flow skipped it', async () => {
		const {ports} = setUp({fetch: async () => skip('no image')});
		expect(await handleObject(ports, object)).toMatchObject({status: 'skipped', reason: 'no image'});
	});
});
