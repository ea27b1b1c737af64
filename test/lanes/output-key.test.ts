import {posix, win32} from 'node:path';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {baseName, outputKey} from '../../src/lanes/output-key.ts';
import {sha256} from '../support/lane-setup.ts';

const key = (id: string, name = 'a.jpg'): string => outputKey(id, name, sha256);

// Ids that are trouble somewhere, mixed with any text at all.
const hostile = fc.constantFrom(
	'..',
	'.',
	'/',
	'\\',
	'',
	'a',
	'A',
	'con',
	'CON',
	'nul.txt',
	'aux',
	'com1',
	'../../etc/passwd',
	'C:\\x',
	'.hidden',
	'trailing.',
	'a b',
	'https://example.com/a/b.jpg?x=1',
	'ä',
	'ＡＢ',
	'\u0000',
	'x'.repeat(300),
	`a-${sha256('b').slice(0, 16)}`,
);
const anyId = fc.oneof(
	hostile,
	fc.string({unit: 'binary'}),
	fc.array(hostile, {maxLength: 4}).map(parts => parts.join('')),
);

describe('outputKey', () => {
	it('keeps a short safe id as it is, below two digits of its sha256', () => {
		// echo -n sku-1 | sha256sum
		expect(key('sku-1', '256.jpg')).toBe('57/sku-1/256.jpg');
		expect(key('photos_01.jpg')).toMatch(/^[0-9a-f]{2}\/photos_01\.jpg\/a\.jpg$/u);
	});

	it('keeps the readable end of a long one, and sixteen digits of its sha256', () => {
		const id = 'https://example.com/cats/whiskers.jpg';
		expect(key(id)).toBe(`${sha256(id).slice(0, 2)}/https-example-com-cats-whiskers-jpg-${sha256(id).slice(0, 16)}/a.jpg`);
	});

	it('makes three safe parts of any id, which cannot climb', () => {
		fc.assert(
			fc.property(anyId, id => {
				const parts = key(id).split('/');
				expect(parts).toHaveLength(3);
				expect(parts[0]).toMatch(/^[0-9a-f]{2}$/u);
				expect(parts[1]).toMatch(/^[a-z0-9_-][a-z0-9_.-]{0,99}$/u);
				expect(parts[1]).not.toMatch(/^\.|\.$|\.\./u);
				expect(posix.normalize(key(id))).toBe(key(id));
				expect(win32.normalize(key(id)).split('\\')).toEqual(parts);
			}),
			{numRuns: 2000},
		);
	});

	it('never makes the name of a device of Windows', () => {
		fc.assert(
			fc.property(
				fc.constantFrom('con', 'prn', 'aux', 'nul', 'com1', 'lpt9', 'COM5'),
				fc.constantFrom('', '.txt', '.a.b'),
				(device, end) => {
					expect(key(device + end).split('/')[1]).not.toMatch(/^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/iu);
				},
			),
		);
	});

	it('gives different ids different keys, also where capitals do not count', () => {
		fc.assert(
			fc.property(anyId, anyId, (one, other) => {
				fc.pre(one !== other);
				expect(key(one).toLowerCase()).not.toBe(key(other).toLowerCase());
			}),
			{numRuns: 2000},
		);
	});

	it('cannot be tricked by an id that looks like the slug of another', () => {
		fc.assert(
			fc.property(anyId, id => {
				const slug = key(id).split('/')[1] ?? '';
				fc.pre(slug !== id);
				expect(key(slug)).not.toBe(key(id));
			}),
			{numRuns: 2000},
		);
	});
});

describe('baseName', () => {
	it.each([
		['256.jpg', '256'],
		['small.webp', 'small'],
		['data', 'data'],
		['a_b-c.json', 'a_b-c'],
		['320x200.avif', '320x200'],
	])('records %s as %s', (name, base) => {
		expect(baseName(name)).toBe(base);
	});

	it.each([
		'',
		'.',
		'..',
		'.jpg',
		'a.',
		'a.b.c',
		'a/b.jpg',
		'a\\b',
		'-a',
		'a b',
		'a.j pg',
		'ä.jpg',
		'a\n',
		`${'x'.repeat(65)}.jpg`,
		'a\u0000',
	])('refuses %j', name => {
		expect(baseName(name)).toBeUndefined();
	});

	it('never lets a name through that has more than one part', () => {
		fc.assert(
			fc.property(fc.string({unit: 'binary'}), fc.string({unit: 'binary'}), (before, after) => {
				expect(baseName(`${before}/${after}`)).toBeUndefined();
				expect(baseName(`${before}\\${after}`)).toBeUndefined();
			}),
		);
	});
});
