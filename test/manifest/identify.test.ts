import {createHash} from 'node:crypto';
import fc from 'fast-check';
import {describe, expect, it, vi} from 'vitest';
import type {Source} from '../../src/lanes/flow.ts';
import {describeSource, findIdProblem, identify, writeStableJson} from '../../src/manifest/identify.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hash16 = (text: string): string => sha256(text).slice(0, 16);
const name = (item: unknown, flow: {id?: (item: never) => string} = {}, source?: string) =>
	identify(flow as {id?: (item: unknown) => string}, item, {given: item, source, sha256});

describe('describeSource', () => {
	it.each<[Source, string]>([
		[{url: 'https://example.com/a.jpg'}, 'https://example.com/a.jpg'],
		[{url: 'HTTPS://Example.COM:443/a/../b c.jpg'}, 'https://example.com/b%20c.jpg'],
		[{url: 'https://user:secret@example.com/a#secret'}, 'https://example.com/a'],
		[{url: 'https://example.com/a?'}, 'https://example.com/a'],
		[{url: 'https://example.com/a#'}, 'https://example.com/a'],
		[{url: 'https://u@example.com/a?token=secret#secret'}, `https://example.com/a?${hash16('token=secret')}`],
		[{url: 'https://example.com/a#b?secret'}, 'https://example.com/a'],
		[{url: '//u:secret@host/a?q=secret#secret'}, `//host/a?${hash16('q=secret')}`],
		[{s3: 's3://in/a?b#c.png'}, 's3://in/a?b#c.png'],
		[{s3: 's3://in/b.png', versionId: 'v1'}, `s3://in/b.png?${hash16('v1')}`],
		[{file: './photos/../c d.jpg'}, './photos/../c d.jpg'],
	])('writes %j as %s', (source, expected) => expect(describeSource(source, sha256)).toBe(expected));

	it('never shows what stands in a query, a fragment or the user info', () => {
		const secret = fc.stringMatching(/^[A-Za-z0-9]{8,20}$/u).map(text => `S3CR3T${text}`);
		fc.assert(
			fc.property(fc.webUrl(), secret, fc.constantFrom('?', '?a=', '#', '?x#', 'u:'), (url, hidden, place) => {
				const text = place === 'u:' ? url.replace('://', `://u:${hidden}@`) : url + place + hidden;
				expect(describeSource({url: text}, sha256)).not.toContain(hidden);
			}),
		);
	});
	it('writes a URL as the parser does, whichever way it is made', () => {
		const part = fc.constantFrom(
			'a',
			'B.jpg',
			'.',
			'..',
			'%2e',
			'~b_c-d',
			'ü',
			' ',
			'',
			'+,;=',
			'x--y',
			'@',
			'7',
			'0x7f',
			'xn--',
			'_',
			"'",
			'%',
		);
		const parts = fc.array(part, {maxLength: 4});
		const texts = fc
			.tuple(fc.constantFrom('http://', 'https://', 'HTTPS://', 'ftp://'), parts, parts, parts)
			.map(
				([scheme, host, path, query]) =>
					`${scheme}${['h', ...host, 'com'].join('.')}/${path.join('/')}${query.length > 0 ? `?${query.join('&')}` : ''}`,
			);
		fc.assert(
			fc.property(texts, text => {
				const url = URL.parse(text);
				fc.pre(url !== null);
				const query = url.search.slice(1);
				Object.assign(url, {username: '', password: '', hash: '', search: ''});
				expect(describeSource({url: text}, sha256)).toBe(query === '' ? url.href : `${url.href}?${hash16(query)}`);
			}),
			{numRuns: 3000},
		);
	});
	it('keeps URLs apart that differ in their query alone', () => {
		expect(describeSource({url: 'https://h/a?v=1'}, sha256)).not.toBe(describeSource({url: 'https://h/a?v=2'}, sha256));
	});
	it('hashes nothing when there is nothing to hide', () => {
		const count = vi.fn(sha256);
		for (const source of [{url: 'https://h/a#b'}, {s3: 's3://b/k'}, {file: 'a?b'}]) describeSource(source, count);
		expect(count).not.toHaveBeenCalled();
	});
});

describe('identify', () => {
	it('asks the flow first, then the item, then its source', () => {
		const item = {id: 'own', key: 'k'};
		expect(name(item, {id: ({key}: typeof item) => key}, 'source')).toBe('k');
		expect(name(item, {}, 'source')).toBe('own');
		expect(name({key: 'k'}, {}, 'source')).toBe('source');
		expect(name({id: ''}, {}, 'source')).toBe('source');
	});
	it('takes an id from the row when the schema dropped it, and a whole number as its text', () => {
		expect(identify({}, {key: 'k'}, {given: {id: 'row'}, source: 'source', sha256})).toBe('row');
		expect(name({id: 7}, {}, 'source')).toBe('7');
		expect(name({id: 1.5}, {}, 'source')).toBe('source');
	});
	it('hashes what has neither, whatever the order of its keys', () => {
		const expected = sha256('{"a":[{"b":1,"c":2}],"d":null}').slice(0, 32);
		expect(name({d: null, a: [{c: 2, b: 1}]})).toBe(expected);
		expect(name({a: [{b: 1, c: 2}], d: null})).toBe(expected);
		expect(name('text')).toBe(sha256('"text"').slice(0, 32));
		expect(name(7)).toBe(sha256('7').slice(0, 32));
		expect(name(undefined)).toMatch(/^[0-9a-f]{32}$/u);
	});
	it('refuses what the flow returns when it is no id', () => {
		expect(name({}, {id: () => ''})).toEqual({problem: 'the id must be text that is not empty, got an empty text'});
		expect(name({}, {id: () => 7 as never})).toEqual({problem: 'the id must be text that is not empty, got number'});
		expect(name({id: 'a\nb'})).toEqual({problem: expect.stringContaining('control character: "a\\nb"')});
	});
});

describe('an id', () => {
	it('has at most 1,024 bytes, counted in UTF-8', () => {
		for (const [unit, bytes] of [
			['a', 1],
			['é', 2],
			['日', 3],
			['😀', 4],
		] as const) {
			const most = Math.floor(1024 / bytes);
			expect(findIdProblem(unit.repeat(most))).toBeUndefined();
			expect(findIdProblem(unit.repeat(most + 1))).toMatch(/longer than 1,024 bytes/u);
		}
	});
	it('has no control characters and no lone surrogates', () => {
		for (const bad of ['\u0000', '\t', '\u007f', '\u0085']) expect(findIdProblem(`a${bad}`)).toMatch(/control character/u);
		expect(findIdProblem('a\ud800')).toMatch(/well-formed/u);
		expect(findIdProblem('ä b/日?#😀')).toBeUndefined();
	});
});

describe('writeStableJson', () => {
	it('says the same of equal values and holds the same data', () => {
		const shuffle = (value: unknown): unknown =>
			Array.isArray(value)
				? value.map(shuffle)
				: typeof value === 'object' && value !== null
					? Object.fromEntries(
							Object.entries(value)
								.toReversed()
								.map(([key, part]) => [key, shuffle(part)]),
						)
					: value;
		fc.assert(
			fc.property(fc.jsonValue(), value => {
				expect(writeStableJson(shuffle(value))).toBe(writeStableJson(value));
				expect(JSON.parse(writeStableJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
			}),
		);
	});
});
