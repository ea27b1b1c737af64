import {createHash} from 'node:crypto';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type Place, rememberPlaces} from '../../src/manifest/remember-places.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('remembered places', () => {
	it('are found by their keys, as in a map, however many there are', () => {
		const place = fc.record<Place>({manifest: fc.nat({max: 1000}), line: fc.nat(), hasOwnId: fc.boolean()});
		fc.assert(
			fc.property(fc.array(fc.tuple(fc.nat({max: 2000}).map(String), place), {maxLength: 2000, size: 'max'}), claims => {
				const places = rememberPlaces(sha256);
				const expected = new Map<string, Place>();
				for (const [key, one] of claims) {
					expect(places.has(key)).toBe(expected.has(key));
					expect(places.claim(key, one)).toEqual(expected.get(key));
					if (!expected.has(key)) expected.set(key, one);
				}
			}),
			{numRuns: 20},
		);
	});
	it('are kept apart when only a later part of the digest differs', () => {
		const places = rememberPlaces(key => key.padEnd(64, '0'));
		const [one, two] = [`${'a'.repeat(13)}1`, `${'a'.repeat(13)}2`];
		const place = {manifest: 0, line: 1, hasOwnId: false};
		expect([places.claim(one, place), places.has(two), places.claim(two, {...place, line: 2})]).toEqual([undefined, false, undefined]);
		expect([places.claim(one, place)?.line, places.claim(two, place)?.line]).toEqual([1, 2]);
	});
});
