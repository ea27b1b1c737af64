import {expect, it} from 'vitest';
import {inTurn} from '../../../src/adapters/directory/in-turn.ts';
import {createBarrier} from '../../support/barrier.ts';

it('lets works on one path follow each other, and others not wait for them', async () => {
	const barrier = createBarrier();
	const log: string[] = [];
	const work = (name: string) => async (): Promise<string> => {
		log.push(`${name} starts`);
		if (name !== 'other') await barrier.wait();
		log.push(`${name} ends`);
		return name;
	};
	const turns = ['first', 'second', 'third'].map(name => inTurn('/a', work(name)));
	expect(await inTurn('/b', work('other'))).toBe('other');
	barrier.open();
	expect(await Promise.all(turns)).toEqual(['first', 'second', 'third']);
	expect(log.filter(line => !line.startsWith('other'))).toEqual(
		['first', 'second', 'third'].flatMap(name => [`${name} starts`, `${name} ends`]),
	);
});

it('goes on after a work that failed', async () => {
	const failing = inTurn('/a', () => Promise.reject(new Error('broken')));
	const next = inTurn('/a', async () => 'next');
	await expect(failing).rejects.toThrow('broken');
	expect(await next).toBe('next');
	expect(await inTurn('/a', async () => 'later')).toBe('later');
});
