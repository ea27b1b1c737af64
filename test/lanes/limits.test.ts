import {describe, expect, it} from 'vitest';
import {type Limits, limitTable, resolveLimits} from '../../src/lanes/limits.ts';

const GiB = 1024 ** 3;
const resolve = (limits: Limits, memoryBytes = 4 * GiB) => resolveLimits(limits, {memoryBytes});

describe('resolveLimits', () => {
	it('fills in every limit', () => {
		expect(resolve({})).toEqual({
			ioConcurrency: 'auto',
			ioConcurrencyPerHost: 'auto',
			threads: 'auto',
			inFlightBytes: 256 * 1024 * 1024,
			maxBytes: 50 * 1024 * 1024,
			fetchTimeoutMs: 30_000,
		});
	});

	it('gives bytes in flight a quarter of a small memory', () => {
		expect(resolve({}, 512 * 1024 * 1024).inFlightBytes).toBe(128 * 1024 * 1024);
	});

	it('takes what it is given, at both ends of its range', () => {
		for (const [name, {min, max}] of Object.entries(limitTable)) {
			for (const value of [min, max]) expect(resolve({[name]: value})).toHaveProperty(name, value);
		}
	});

	it.each(Object.keys(limitTable))('refuses what is out of the range of %s and names it', name => {
		const {min, max, isAuto} = limitTable[name as keyof Limits];
		const wrong: unknown[] = [min - 1, max * 2, Number.NaN, Number.POSITIVE_INFINITY, '5', {}, ...(isAuto ? [] : ['auto'])];
		for (const value of wrong) {
			expect(() => resolve({[name]: value})).toThrow(RangeError);
			expect(() => resolve({[name]: value})).toThrow(name);
		}
	});

	it.each(['ioConcurrency', 'threads', 'maxBytes', 'fetchTimeoutMs'])('refuses half of one for %s', name => {
		expect(() => resolve({[name]: 2.5})).toThrow('whole number');
	});
});

describe('limitTable', () => {
	it('calls each flag by the name of its limit in kebab case, or shorter', () => {
		for (const [name, {flag}] of Object.entries(limitTable)) {
			const kebab = `--${name.replaceAll(/[A-Z]/gu, letter => `-${letter.toLowerCase()}`)}`;
			expect(kebab).toMatch(new RegExp(`^${flag}`, 'u'));
		}
	});
});
