import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {createKeyFilter, hashKey} from '../../src/manifest/key-filter.ts';

const hash = (key: string): number => hashKey(key, 1);

describe('a key filter', () => {
	it('knows every key that it was given, however small it is', () => {
		fc.assert(
			fc.property(fc.array(fc.string()), fc.constantFrom(1, 8, 32), (keys, fingerprintBits) => {
				const filter = createKeyFilter({fingerprintBits});
				for (const [at, key] of keys.entries()) expect(filter.add(hash(key)) || !keys.slice(0, at).includes(key)).toBe(true);
				for (const key of keys) expect([filter.has(hash(key)), filter.add(hash(key))]).toEqual([true, true]);
			}),
		);
	});
	it('takes none of 300,000 new keys for known, through several tables', () => {
		const filter = createKeyFilter();
		const keys = Array.from({length: 300_000}, (_, n) => `https://cdn.example.com/p/${n}.jpg`);
		expect(keys.filter(key => filter.add(hash(key)))).toEqual([]);
		expect(keys.filter(key => !filter.has(hash(key)))).toEqual([]);
		expect(keys.filter(key => filter.has(hashKey(key, 2)))).toEqual([]);
	});
	it('takes many for known when its fingerprints are short', () => {
		const filter = createKeyFilter({fingerprintBits: 2});
		const hits = Array.from({length: 20_000}, (_, n) => filter.add(hash(`key ${n}`))).filter(Boolean);
		expect(hits.length).toBeGreaterThan(5);
	});
});

describe('the hash of a key', () => {
	it('is a whole number of 53 bits, and differs by key and seed', () => {
		fc.assert(
			fc.property(fc.string(), fc.string(), fc.nat(), (one, two, seed) => {
				const first = hashKey(one, seed);
				expect(Number.isSafeInteger(first) && first >= 0).toBe(true);
				expect(first === hashKey(two, seed)).toBe(one === two);
				expect(first).not.toBe(hashKey(one, seed + 1));
			}),
		);
	});
});
