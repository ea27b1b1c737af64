import {describe, expect, it} from 'vitest';
import {describeObjectStore} from '../conformance/object-store.ts';
import {type StoreStep, memoryObjects} from './memory-objects.ts';

for (const isShared of [false, true]) {
	describeObjectStore(`memoryObjects({isShared: ${isShared}})`, async () => ({store: memoryObjects({isShared}), dispose: async () => {}}));
}

describe('memoryObjects', () => {
	it('asks before every operation takes effect, and does nothing where that throws', async () => {
		const steps: StoreStep[] = [];
		const seen: (readonly string[])[] = [];
		let isBroken = false;
		const store = memoryObjects({
			before: step => {
				steps.push(step);
				seen.push([...store.objects.keys()]);
				if (isBroken) throw new Error('killed');
			},
		});
		const operations = [
			() => store.create('a', 'one'),
			() => store.put('b', Buffer.from('b'), {n: 0, signal: new AbortController().signal}),
			() =>
				store.write(
					'c',
					(async function* () {
						yield 'c';
					})(),
				),
			() => store.get('a'),
			() => store.head('a'),
			() => Array.fromAsync(store.read('a')),
			() => Array.fromAsync(store.list('a')),
			() => store.replace('a', 'two', {etag: store.objects.get('a')?.etag ?? ''}),
			() => store.remove('a'),
		];
		for (const operation of operations) await operation();
		expect(steps.map(({op, key}) => `${op} ${key}`)).toEqual([
			'create a',
			'put b',
			'write c',
			'get a',
			'head a',
			'read a',
			'list a',
			'replace a',
			'remove a',
		]);
		expect(seen.map(keys => keys.join(''))).toEqual(['', 'a', 'ab', 'abc', 'abc', 'abc', 'abc', 'abc', 'abc']);
		expect([...store.objects.keys()]).toEqual(['b', 'c']);

		isBroken = true;
		const before = [...store.objects];
		for (const operation of operations) await expect(operation()).rejects.toThrow('killed');
		expect([...store.objects]).toEqual(before);
	});

	it('gives every version another etag, also of the same content', async () => {
		const store = memoryObjects();
		await store.create('a', 'same');
		const first = store.objects.get('a')?.etag ?? '';
		await store.replace('a', 'same', {etag: first});
		expect(store.objects.get('a')).toMatchObject({text: 'same'});
		expect(store.objects.get('a')?.etag).not.toBe(first);
	});
});
