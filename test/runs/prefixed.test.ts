import {expect, it} from 'vitest';
import {prefixed} from '../../src/runs/prefixed.ts';
import {describeObjectStore} from '../conformance/object-store.ts';
import {memoryObjects} from '../support/memory-objects.ts';

describeObjectStore('prefixed(memoryObjects())', async () => {
	const whole = memoryObjects();
	// Neighbours on both sides, one of which begins alike.
	for (const key of ['a', '.twolane', '.twolaneX/a', '.twoland/z', 'z']) await whole.create(key, 'not yours');
	return {store: prefixed(whole, '.twolane/'), dispose: async () => {}};
});

it('is the part of a store below a prefix', async () => {
	const whole = memoryObjects({isShared: true});
	const part = prefixed(whole, '.twolane/');
	expect([part.uri, part.isShared]).toEqual(['memory:/.twolane', true]);
	await part.create('runs/a', 'x');
	await whole.create('.twolane/runs/b', 'y');
	await whole.create('runs/c', 'z');
	expect([...whole.objects.keys()]).toEqual(['.twolane/runs/a', '.twolane/runs/b', 'runs/c']);
	expect((await Array.fromAsync(part.list(''))).map(({key}) => key)).toEqual(['runs/a', 'runs/b']);
	expect((await Array.fromAsync(part.list('runs/', {after: 'runs/a'}))).map(({key}) => key)).toEqual(['runs/b']);
});
