import {createHash, randomBytes} from 'node:crypto';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {ObjectStore} from '../../src/runs/object-store.ts';

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
const {signal} = new AbortController();

/** A body that shows whether it is whole: its end names its beginning. */
function sealedBody(name: string, bytes: number): string {
	return `${name}|${'.'.repeat(bytes)}|${name}`;
}
const isWhole = (text: string): boolean => /^(?<name>[^|]+)\|\.*\|\k<name>$/u.test(text);

async function* chunksOf(...chunks: readonly (Uint8Array | string)[]): AsyncGenerator<Uint8Array | string> {
	yield* chunks;
}

/** What every object store promises; `open` gives an empty one. */
export function describeObjectStore(
	name: string,
	open: () => Promise<{readonly store: ObjectStore; readonly dispose: () => Promise<void>}>,
): void {
	describe(`${name} as an object store`, () => {
		let opened: Awaited<ReturnType<typeof open>>;
		let store: ObjectStore;

		beforeEach(async () => {
			opened = await open();
			({store} = opened);
		});

		afterEach(() => opened.dispose());

		const put = (key: string, body: Uint8Array | string = key): ReturnType<ObjectStore['put']> =>
			store.put(key, Buffer.from(body as string), {n: 0, signal});
		const textOf = async (key: string): Promise<string | undefined> => {
			const found = await store.get(key);
			return found && Buffer.from(found.body).toString();
		};
		const read = async (key: string, range?: {readonly start?: number; readonly end?: number}): Promise<Buffer> =>
			Buffer.concat(await Array.fromAsync(store.read(key, range)));
		const keysOf = async (prefix: string, options?: {readonly after?: string}): Promise<string[]> =>
			(await Array.fromAsync(store.list(prefix, options))).map(({key}) => key);
		const etagOf = async (key: string): Promise<string> => {
			const head = await store.head(key);
			if (head === undefined) throw new Error(`there is no ${key}`);
			return head.etag;
		};

		describe('put', () => {
			it.each([0, 1, 300_000])('stores %i bytes, says their sha256, and gives them back', async length => {
				const body = randomBytes(length);
				expect(await put('a/b.bin', body)).toEqual({sha256: sha256(body)});
				const found = await store.get('a/b.bin');
				expect(body.equals(found?.body ?? Buffer.from('none'))).toBe(true);
			});

			it('may be repeated, and replaces what was there', async () => {
				await put('a/b', 'first');
				await put('a/b', 'first');
				expect(await textOf('a/b')).toBe('first');
				expect(await put('a/b', 'second')).toEqual({sha256: sha256('second')});
				expect(await textOf('a/b')).toBe('second');
			});

			it('stores nothing once it is aborted', async () => {
				await expect(store.put('a', Buffer.from('a'), {n: 0, signal: AbortSignal.abort('stop')})).rejects.toBe('stop');
				expect(await store.get('a')).toBeUndefined();
			});
		});

		describe('create', () => {
			it('lets exactly one of 20 win, whose content stays', async () => {
				const bodies = Array.from({length: 20}, (_, n) => sealedBody(`creator-${n}`, 1000 * n));
				const won = await Promise.all(bodies.map(body => store.create('runs/1/seal.json', body)));
				expect(won.filter(Boolean)).toEqual([true]);
				expect(await textOf('runs/1/seal.json')).toBe(bodies[won.indexOf(true)]);
				expect(await keysOf('')).toEqual(['runs/1/seal.json']);
			});

			it('leaves what is there as it is, whoever wrote it', async () => {
				await put('a', 'put');
				await store.write('b', chunksOf('written'));
				expect([await store.create('a', 'new'), await store.create('b', 'new')]).toEqual([false, false]);
				expect([await textOf('a'), await textOf('b')]).toEqual(['put', 'written']);
			});

			it('takes bytes, text, and nothing at all', async () => {
				expect(await store.create('bytes', Uint8Array.of(0, 255, 10))).toBe(true);
				expect(await store.create('text', 'grüße €')).toBe(true);
				expect(await store.create('active/run-1', '')).toBe(true);
				expect([...((await store.get('bytes'))?.body ?? [])]).toEqual([0, 255, 10]);
				expect(await textOf('text')).toBe('grüße €');
				expect(await textOf('active/run-1')).toBe('');
				expect(await store.create('active/run-1', '')).toBe(false);
			});

			it('can be done again after a removal', async () => {
				await store.create('a', 'first');
				await store.remove('a');
				expect(await store.create('a', 'second')).toBe(true);
				expect(await textOf('a')).toBe('second');
			});

			it('shows readers nothing or all of it, never a part', async () => {
				const creating = {isOn: true};
				const torn: string[] = [];
				let looks = 0;
				const watch = (async () => {
					while (creating.isOn) {
						const texts = await Promise.all([0, 1, 2, 3].map(n => textOf(`objects/${n}`)));
						torn.push(...texts.filter(text => text !== undefined).filter(text => !isWhole(text)));
						looks++;
					}
				})();
				for (let n = 0; n < 4; n++) {
					await Promise.all(['x', 'y'].map(name => store.create(`objects/${n}`, sealedBody(name, 1_000_000))));
				}
				creating.isOn = false;
				await watch;
				expect(torn).toEqual([]);
				expect(looks).toBeGreaterThan(0);
				expect(await keysOf('objects/')).toEqual([0, 1, 2, 3].map(n => `objects/${n}`));
			});
		});

		describe('replace', () => {
			it('replaces while the etag is still this one, and only then', async () => {
				await store.create('lease.json', 'one');
				const first = await etagOf('lease.json');
				expect(await store.replace('lease.json', 'two', {etag: first})).toBe(true);
				expect(await store.replace('lease.json', 'three', {etag: first})).toBe(false);
				expect(await store.replace('lease.json', 'three', {etag: 'never'})).toBe(false);
				expect(await textOf('lease.json')).toBe('two');
				expect(await store.replace('lease.json', Buffer.from('three'), {etag: await etagOf('lease.json')})).toBe(true);
				expect(await textOf('lease.json')).toBe('three');
			});

			it('makes nothing where nothing is, or is any more', async () => {
				expect(await store.replace('a/b', 'new', {etag: sha256('')})).toBe(false);
				await store.create('c/d', 'old');
				const etag = await etagOf('c/d');
				await store.remove('c/d');
				expect(await store.replace('c/d', 'new', {etag})).toBe(false);
				expect(await keysOf('')).toEqual([]);
			});

			it('lets exactly one of 20 with the same etag win', async () => {
				await store.create('a', 'old');
				const etag = await etagOf('a');
				const bodies = Array.from({length: 20}, (_, n) => `new ${n}`);
				const won = await Promise.all(bodies.map(body => store.replace('a', body, {etag})));
				expect(won.filter(Boolean)).toEqual([true]);
				expect(await textOf('a')).toBe(bodies[won.indexOf(true)]);
			});

			it('loses no step when many count with it', async () => {
				await store.create('count', '0');
				const countUp = async (): Promise<void> => {
					for (;;) {
						const found = await store.get('count');
						if (found === undefined) throw new Error('the count is gone');
						const next = String(Number(Buffer.from(found.body).toString()) + 1);
						if (await store.replace('count', next, {etag: found.etag})) return;
					}
				};
				await Promise.all(Array.from({length: 8}, countUp));
				expect(await textOf('count')).toBe('8');
			});
		});

		describe('etag', () => {
			it('is the same from get and head, and changes with the content', async () => {
				await put('a', 'one');
				const first = await etagOf('a');
				expect((await store.get('a'))?.etag).toBe(first);
				expect(await etagOf('a')).toBe(first);
				await put('a', 'two');
				expect(await etagOf('a')).not.toBe(first);
			});
		});

		describe('metadata', () => {
			it('comes back where the store is shared, and is dropped elsewhere', async () => {
				const metadata = {'run-id': 'ab12', claim: '3'};
				const expected = store.isShared ? metadata : {};
				expect(await store.create('a', 'old', {metadata, contentType: 'image/jpeg'})).toBe(true);
				expect((await store.head('a'))?.metadata).toEqual(expected);
				expect((await store.get('a'))?.metadata).toEqual(expected);
				await store.replace('a', 'new', {metadata: {claim: '4'}, etag: await etagOf('a')});
				expect((await store.head('a'))?.metadata).toEqual(store.isShared ? {claim: '4'} : {});
				await store.create('b', 'plain');
				expect((await store.head('b'))?.metadata).toEqual({});
			});
		});

		describe('write', () => {
			it('writes 20 MB that come in pieces, and replaces what was there', async () => {
				const pieces = Array.from({length: 20}, () => randomBytes(1_000_000));
				await put('big', 'old');
				await store.write('big', chunksOf(...pieces));
				const whole = Buffer.concat(pieces);
				expect(sha256(await read('big'))).toBe(sha256(whole));
				expect(await Array.fromAsync(store.list('big'))).toMatchObject([{key: 'big', bytes: whole.length}]);
			});

			it('joins many small texts and bytes in their order', async () => {
				const lines = Array.from({length: 50_000}, (_, n) => `${n} é\n`);
				await store.write('lines', chunksOf(...lines.map((line, n) => (n % 1000 === 7 ? Buffer.from(line) : line))));
				expect(await textOf('lines')).toBe(lines.join(''));
			});

			it('writes an empty object from no chunks, and from empty ones', async () => {
				await store.write('none', chunksOf());
				await store.write('empty', chunksOf('', Buffer.alloc(0)));
				expect([await textOf('none'), await textOf('empty')]).toEqual(['', '']);
			});

			it('passes an error of the chunks on as it is, and leaves the old object', async () => {
				const broken = new Error('the chunks broke');
				async function* failing(): AsyncGenerator<string> {
					yield 'x'.repeat(1_000_000);
					throw broken;
				}
				await put('a', 'old');
				await expect(store.write('a', failing())).rejects.toBe(broken);
				await expect(store.write('b', failing())).rejects.toBe(broken);
				expect(await textOf('a')).toBe('old');
				expect(await keysOf('')).toEqual(['a']);
			});

			it('shows readers the old or the new object while the chunks come', async () => {
				await put('a', 'old');
				async function* chunks(): AsyncGenerator<string> {
					yield 'n'.repeat(1_000_000);
					expect(await textOf('a')).toBe('old');
					expect(await keysOf('')).toEqual(['a']);
					yield 'ew';
				}
				await store.write('a', chunks());
				expect(await textOf('a')).toBe(`${'n'.repeat(1_000_000)}ew`);
			});
		});

		describe('get, head and read', () => {
			it('find nothing where nothing is', async () => {
				await put('a/b');
				for (const key of ['missing', 'a', 'a/b/c', 'a/c', 'A']) {
					expect(await store.get(key), key).toBeUndefined();
					expect(await store.head(key), key).toBeUndefined();
					const failure = {name: 'TwolaneError', code: 'STORE_FAILED', retryable: false};
					await expect(read(key), key).rejects.toMatchObject(failure);
					await expect(read(key, {start: 3, end: 3}), key).rejects.toMatchObject(failure);
				}
			});

			it.each([
				['all of it', undefined, '0123456789'],
				['from a byte on', {start: 7}, '789'],
				['up to a byte', {end: 3}, '012'],
				['in the middle', {start: 3, end: 6}, '345'],
				['one byte', {start: 9, end: 10}, '9'],
				['to beyond the end', {start: 8, end: 1000}, '89'],
				['nothing', {start: 4, end: 4}, ''],
				['nothing at the start', {start: 0, end: 0}, ''],
				['nothing at the end', {start: 10}, ''],
				['nothing beyond the end', {start: 11, end: 20}, ''],
			])('reads %s', async (_, range, expected) => {
				await put('a', '0123456789');
				expect(String(await read('a', range))).toBe(expected);
			});

			it('reads a range of a large object', async () => {
				const body = randomBytes(3_000_000);
				await put('a', body);
				expect(body.subarray(123_457, 2_345_678).equals(await read('a', {start: 123_457, end: 2_345_678}))).toBe(true);
			});

			it('reads an empty object', async () => {
				await put('a', '');
				expect((await read('a')).length).toBe(0);
			});

			it('lets go of an object that is read in part', async () => {
				const body = randomBytes(3_000_000);
				await put('a', body);
				for await (const chunk of store.read('a')) {
					expect(body.subarray(0, chunk.length).equals(chunk)).toBe(true);
					break;
				}
				await store.remove('a');
				expect(await keysOf('')).toEqual([]);
			});
		});

		describe('list', () => {
			// In the order of their bytes: - . / 0-9 A-Z _ a-z
			const keys = ['a-b/1', 'a.json', 'a/1', 'a/B', 'a/_', 'a/b', 'a/b.txt', 'a/b0/c', 'a0', 'aB', 'a_', 'ab/c/d/e', 'b'];

			it('lists what begins with the prefix, in the order of the bytes of whole keys', async () => {
				for (const key of keys.toReversed()) await put(key);
				const prefixes = ['', 'a', 'a/', 'a/b', 'a/b0/', 'a.', 'a/b0/c', 'ab/c/', 'ab/c/d/e', 'b', 'b/', 'c', 'a/c/', 'a/b/c/'];
				for (const prefix of prefixes) {
					expect(await keysOf(prefix), prefix).toEqual(keys.filter(key => key.startsWith(prefix)));
				}
			});

			it('goes on after any key, whether it is there or not', async () => {
				for (const key of keys) await put(key);
				for (const after of [...keys, '', 'a', 'a/', 'a/b/', 'a/bzz', 'ab', 'ab/c/d', 'ab/c/d/e/f', 'zz']) {
					for (const prefix of ['', 'a/', 'a/b', 'ab']) {
						const expected = keys.filter(key => key.startsWith(prefix) && Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0);
						expect(await keysOf(prefix, {after}), `${prefix} after ${after}`).toEqual(expected);
					}
				}
			});

			it('says how long each is', async () => {
				await put('a/1', '');
				await put('a/2', 'grüße');
				expect(await Array.fromAsync(store.list('a/'))).toMatchObject([
					{key: 'a/1', bytes: 0},
					{key: 'a/2', bytes: 7},
				]);
			});

			it('lists 1,500 keys, all or those after one', async () => {
				const many = Array.from({length: 1500}, (_, n) => `seals/${n}.json`);
				for (let at = 0; at < many.length; at += 50) await Promise.all(many.slice(at, at + 50).map(key => store.create(key, key)));
				const sorted = many.toSorted();
				expect(await keysOf('seals/')).toEqual(sorted);
				expect(await keysOf('seals/', {after: sorted[1200] ?? ''})).toEqual(sorted.slice(1201));
				expect(await keysOf('seals/149')).toEqual(sorted.filter(key => key.startsWith('seals/149')));
			});

			it('can be left in the middle', async () => {
				for (const key of keys) await put(key);
				for await (const {key} of store.list('a/')) {
					expect(key).toBe('a/1');
					break;
				}
				expect(await keysOf('a/b')).toEqual(['a/b', 'a/b.txt', 'a/b0/c']);
			});
		});

		describe('remove', () => {
			it('removes one object, and minds nothing where none is', async () => {
				await put('a/b');
				await put('a/bc');
				await store.remove('a/b');
				await store.remove('a/b');
				await store.remove('a');
				await store.remove('never/there');
				expect(await store.get('a/b')).toBeUndefined();
				expect(await keysOf('')).toEqual(['a/bc']);
			});
		});
	});
}
