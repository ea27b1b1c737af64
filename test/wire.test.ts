import {expect, it} from 'vitest';
import {readFlow} from '../src/lanes/flow.ts';
import type {Source} from '../src/lanes/flow.ts';
import {flows, openReaders, openStore} from '../src/wire.ts';
import {workplace} from './support/cli.ts';
import {httpOrigin, serve} from './support/http-origin.ts';

it.each(Object.entries(flows))('the flow %s loads under the name it is wired to', async (name, wired) => {
	expect(readFlow(await wired.load()).name).toBe(name);
});

it('reads files, and URLs of private addresses only where their origin is allowed', async () => {
	await using place = await workplace();
	await using origin = await httpOrigin();
	origin.on('/one', serve('one'));
	const context = {signal: new AbortController().signal, maxBytes: 100, reserve: async () => {}};
	const read = async (source: Source, allowOrigins: readonly string[]): Promise<string> => {
		const readers = await openReaders({allowOrigins});
		const reader = readers.find(({scheme}) => scheme in source);
		return new TextDecoder().decode(await reader?.read(source, context));
	};
	expect(await read({file: await place.write('two', 'two')}, [])).toBe('two');
	expect(await read({url: origin.url('/one')}, [origin.origin])).toBe('one');
	await expect(read({url: origin.url('/one')}, [])).rejects.toMatchObject({code: 'ADDRESS_DENIED'});
});

it('stores below the folder that it is given', async () => {
	await using place = await workplace();
	const store = await openStore(place.path);
	await store.put('aa/item/1.txt', new TextEncoder().encode('one'), {signal: new AbortController().signal});
	expect(await place.list('aa')).toEqual(['item/1.txt']);
});
