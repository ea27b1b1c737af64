import {gzipSync} from 'node:zlib';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ManifestError} from '../../src/manifest/manifest-error.ts';
import {readRows} from '../../src/manifest/read-rows.ts';
import {readAll, readValues, streamBytes, toBytes} from './manifest-bytes.ts';

const a = {id: 'a', url: 'https://example.com/a,1.jpg'};
const b = {id: 'b', s3: 's3://in/ü 日.png'};
const formats = {
	'list.jsonl': `${JSON.stringify(a)}\n${JSON.stringify(b)}\n`,
	'list.json': JSON.stringify([a, b], null, 2),
	'list.csv': `id,url,s3\na,"https://example.com/a,1.jpg",\nb,,s3://in/ü 日.png\n`,
	'list.tsv': `id\turl\ts3\na\thttps://example.com/a,1.jpg\t\nb\t\ts3://in/ü 日.png\n`,
};
const text = `# two sources\n\n https://example.com/a,1.jpg \ns3://in/b.png\nphotos/c, d.jpg\n`;
const textRows = [
	{line: 3, value: {url: 'https://example.com/a,1.jpg'}, otherwise: 'https://example.com/a,1.jpg'},
	{line: 4, value: {s3: 's3://in/b.png'}, otherwise: 's3://in/b.png'},
	{line: 5, value: {file: 'photos/c, d.jpg'}, otherwise: 'photos/c, d.jpg'},
];

describe.each(Object.entries(formats))('%s', (name, content) => {
	it('is read', async () => expect(await readValues(content, name)).toEqual([a, b]));
	it('is read when packed, whatever it is called', async () => {
		expect(await readValues(gzipSync(content), `${name}.gz`)).toEqual([a, b]);
		expect(await readValues(gzipSync(content), name)).toEqual([a, b]);
	});
	it('is known by its content when the name says nothing', async () => expect(await readValues(content, '-')).toEqual([a, b]));
	it('is read with CR LF', async () => expect(await readValues(content.replaceAll('\n', '\r\n'), name)).toEqual([a, b]));
	it('is read with a byte order mark', async () => expect(await readValues(`\uFEFF${content}`, name)).toEqual([a, b]));
	it('is read without a line end at its end', async () => expect(await readValues(content.trimEnd(), name)).toEqual([a, b]));
	it('is read after blank lines', async () => expect(await readValues(`\n \n${content}`, name)).toEqual([a, b]));
	it('gives the same rows wherever the bytes are cut', async () => {
		const bytes = toBytes(`\uFEFF${content.replaceAll('\n', '\r\n')}`);
		const whole = await readAll(bytes, name);
		for (let at = 1; at < bytes.length; at++) expect(await readAll(bytes, name, [at])).toEqual(whole);
		expect(await readAll(bytes, name, [...bytes.keys()])).toEqual(whole);
	});
	it('gives the same rows wherever the packed bytes are cut', async () => {
		const bytes = gzipSync(content);
		const whole = await readAll(content, name);
		for (let at = 1; at < bytes.length; at++) expect(await readAll(bytes, name, [at])).toEqual(whole);
		expect(await readAll(bytes, name, [...bytes.keys()])).toEqual(whole);
	});
});

describe('a list of sources', () => {
	it('takes one a line, commas and inner spaces included, without comments', async () =>
		expect(await readAll(text, 'list.txt')).toEqual(textRows));
	it('is known by its content', async () => expect(await readAll(text, '-')).toEqual(textRows));
	it('is read packed, with CR LF and a byte order mark', async () => {
		expect(await readAll(gzipSync(`\uFEFF${text.replaceAll('\n', '\r\n')}`), 'list.txt.gz')).toEqual(textRows);
	});
	it('gives the same rows wherever the bytes are cut', async () => {
		const bytes = toBytes(text);
		for (let at = 1; at < bytes.length; at++) expect(await readAll(bytes, 'list.txt', [at])).toEqual(textRows);
		expect(await readAll(bytes, 'list.txt', [...bytes.keys()])).toEqual(textRows);
	});
	it('takes a scheme in any case and a last line without a line end', async () => {
		expect(await readValues('HTTPS://example.com/a\nftp://h/b')).toEqual([{url: 'HTTPS://example.com/a'}, {url: 'ftp://h/b'}]);
	});
	it('is read line by line when its first line holds a comma', async () => {
		expect(await readValues('a,b.jpg\nc.jpg\n')).toEqual([{file: 'a,b.jpg'}, {file: 'c.jpg'}]);
	});
});

describe('the name', () => {
	it('does not hide JSONL', async () => {
		expect(await readValues(formats['list.jsonl'], 'list.txt')).toEqual([a, b]);
		expect(await readValues(formats['list.jsonl'], 'list.csv')).toEqual([a, b]);
		expect(await readValues(formats['list.jsonl'], 'list.json')).toEqual([a, b]);
		expect(await readValues(formats['list.json'], 'list.jsonl')).toEqual([a, b]);
	});
	it('that promises JSON makes plain sources problems, without showing their queries', async () => {
		expect(await readAll('https://example.com/a?token=secret\n', 'list.jsonl')).toEqual([
			{line: 1, problem: "not JSON: Unexpected token 'h' (each line must be one whole item)"},
		]);
	});
	it('that promises a table wins over the look of the first line', async () => {
		expect(await readValues('path,size\nx,1\n', 'list.csv')).toEqual([{path: 'x', size: '1'}]);
		expect(await readValues('"url"\n"https://example.com/a"\n', 'list.csv')).toEqual([{url: 'https://example.com/a'}]);
	});
	it('that says .txt keeps a bare word from being a header', async () =>
		expect(await readValues('id\nb\n', 'l.txt')).toEqual([{file: 'id'}, {file: 'b'}]));
});

describe('JSONL', () => {
	it('takes texts and numbers as items; a text may also mean a source', async () => {
		expect(await readAll('"https://example.com/a"\n7\n', 'list.jsonl')).toEqual([
			{line: 1, value: 'https://example.com/a', otherwise: {url: 'https://example.com/a'}},
			{line: 2, value: 7},
		]);
		expect(await readValues('"x"\n"y"\n')).toEqual(['x', 'y']);
	});
	it('goes on after a damaged line and counts blank ones', async () => {
		const rows = await readAll('{"id":1}\n\n{"url":"https://u:p@example.com/?token=secret"\n \r\n{"id":2}\n');
		expect(rows.map(({line}) => line)).toEqual([1, 3, 5]);
		expect(rows[1]).toMatchObject({problem: expect.stringMatching(/^not JSON: Expected ',' or '\}'/u)});
		expect(JSON.stringify(rows)).not.toContain('secret');
	});
	it('says nothing of the text around a syntax error', async () => {
		const lines = [
			'{"a":secret}',
			'{"a":"secret',
			'{"a":"x"}secret',
			'{secret',
			'{"a":"\u0001secret"}',
			'{"a": "\\xsecret"}',
			'{"url":"a?secret=1",}',
		];
		for (const line of lines) {
			const [row] = await readAll(line);
			expect(row).toMatchObject({line: 1, problem: expect.stringMatching(/^not JSON: \S/u)});
			expect(JSON.stringify(row)).not.toContain('secret');
		}
	});
	it('makes a line above 1,048,576 characters a problem, in memory that does not grow with it', async () => {
		const long = `{"id":"${'x'.repeat(3_000_000)}"}`;
		expect(await readAll(`{"id":1}\n${long}\n{"id":2}\n${long}`)).toEqual([
			{line: 1, value: {id: 1}},
			{line: 2, problem: 'the line is longer than 1,048,576 characters'},
			{line: 3, value: {id: 2}},
			{line: 4, problem: 'the line is longer than 1,048,576 characters'},
		]);
	});
	it('takes a line of exactly 1,048,576 characters', async () => {
		const line = `"${'x'.repeat(1_048_574)}"`;
		expect(await readValues(`${line}\n${line.slice(1)}x"`, 'l.jsonl')).toMatchObject([line.slice(1, -1), {line: 2}]);
	});
});

describe('bytes', () => {
	it('that are none give no rows, in every format', async () => {
		for (const name of ['l.jsonl', 'l.json', 'l.csv', 'l.txt', '-']) {
			for (const content of ['', '\n \r\n', '\uFEFF']) expect(await readAll(content, name)).toEqual([]);
		}
		expect(await readAll(gzipSync(''), 'l.gz')).toEqual([]);
		expect(await readAll('[]', 'l.json')).toEqual([]);
		expect(await readAll('id,url\n', 'l.csv')).toEqual([]);
		expect(await readAll('# nothing\n', 'l.txt')).toEqual([]);
	});
	it('of an image are refused by name', async () => {
		const png = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]);
		await expect(readAll(png, 'photo.png')).rejects.toThrow(/^photo\.png:1: not a manifest: it has bytes that are not UTF-8/u);
	});
	it('in UTF-16 are refused with and without a byte order mark', async () => {
		const utf16 = new Uint8Array(Buffer.from('{"id":"a"}\n', 'utf16le'));
		await expect(readAll(utf16)).rejects.toThrow('list:1: not a manifest: it has a NUL byte');
		await expect(readAll(Uint8Array.from([0xff, 0xfe, ...utf16]))).rejects.toThrow(/list:1: .*not UTF-8.*UTF-16/u);
	});
	it.each([
		['a lone lead byte before a line end', [0xe9, 0x0a]],
		['a lone lead byte at the end', [0xe9]],
		['a lone follower', [0x80, 0x0a]],
		['a surrogate', [0xed, 0xa0, 0x80, 0x0a]],
		['an overlong form', [0xc0, 0xaf, 0x0a]],
		['a NUL', [0x00, 0x0a]],
	])('with %s are refused, naming the line, wherever they are cut', async (_, damage) => {
		const bytes = Uint8Array.from([...toBytes('ä.jpg\nb.jpg\n日'), ...damage]);
		for (let at = 1; at <= bytes.length; at++) await expect(readAll(bytes, 'l.txt', [at])).rejects.toThrow(/^l\.txt:3: not a manifest/u);
		await expect(readAll(bytes, 'l.txt', [...bytes.keys()])).rejects.toBeInstanceOf(ManifestError);
	});
	it('keep a character U+FEFF that is not at the start', async () =>
		expect(await readValues('{"a":"\uFEFF"}\n"\uFEFF"')).toEqual([{a: '\uFEFF'}, '\uFEFF']));
	it('of a packed file that is cut off or damaged are refused, and no half line becomes an item', async () => {
		const packed = gzipSync(text);
		const cut = readAll(packed.subarray(0, -9), 'list.txt.gz');
		await expect(cut).rejects.toThrow('list.txt.gz: the gzip file is cut off before its end; get the whole file');
		await expect(cut).rejects.toMatchObject({code: 'MANIFEST_INVALID', problems: [{manifest: 'list.txt.gz'}]});
		await expect(readAll(packed.subarray(0, 5))).rejects.toThrow('cut off');
		const damaged = Uint8Array.from(packed, (byte, at) => (at === packed.length - 6 ? byte ^ 0xff : byte));
		await expect(readAll(damaged, 'list.txt.gz')).rejects.toThrow('list.txt.gz: the gzip data is damaged');
	});
	it('of several packed files in one are read as one', async () => {
		expect(await readValues(Buffer.concat([gzipSync('{"a":1}\n'), gzipSync('{"a":2}\n')]))).toEqual([{a: 1}, {a: 2}]);
	});
	it('that unpack to far more than one batch keep their order', async () => {
		const lines = Array.from({length: 20_000}, (_, n) => JSON.stringify({n}));
		expect(await readValues(gzipSync(lines.join('\n')))).toEqual(lines.map(line => JSON.parse(line) as unknown));
	});
});

describe('the source of the bytes', () => {
	it.each([
		['plain', toBytes],
		['packed', (content: string) => new Uint8Array(gzipSync(content))],
	] as const)('passes its own error on, %s', async (_, pack) => {
		const failure = new Error('disk gone');
		async function* failing() {
			yield pack('{"a":1}\n').subarray(0, 20);
			throw failure;
		}
		await expect(Array.fromAsync(readRows(failing(), {name: 'l'}))).rejects.toBe(failure);
	});
	it.each([
		['plain', toBytes],
		['packed', (content: string) => new Uint8Array(gzipSync(content))],
	] as const)('is closed when the reader stops early, %s', async (_, pack) => {
		let isClosed = false;
		async function* endless() {
			try {
				for (;;) yield pack('{"a":1}\n'.repeat(100));
			} finally {
				isClosed = true;
			}
		}
		for await (const rows of readRows(endless(), {name: 'l'})) {
			expect(rows[0]).toEqual({line: 1, value: {a: 1}});
			break;
		}
		expect(isClosed).toBe(true);
	});
	it('may give everything in one chunk and still gets small batches', async () => {
		const content = toBytes('{"a":1}\n'.repeat(100_000));
		const batches = await Array.fromAsync(readRows(streamBytes(content), {name: 'l'}));
		expect(Math.max(...batches.map(rows => rows.length))).toBeLessThanOrEqual(65_536 / 8 + 1);
		expect(batches.flat()).toHaveLength(100_000);
	});
});

describe('any items come back', () => {
	const items = fc.array(fc.dictionary(fc.string({unit: 'binary', minLength: 1}), fc.jsonValue(), {minKeys: 1, maxKeys: 4}), {
		maxLength: 8,
	});
	const cuts = fc.array(fc.nat(400), {maxLength: 5});
	const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

	it('from JSONL', async () => {
		await fc.assert(
			fc.asyncProperty(items, cuts, async (rows, ends) => {
				const content = toBytes(rows.map(row => JSON.stringify(row)).join('\n'));
				expect(await readAll(content, 'l.jsonl', ends)).toEqual(rows.map((row, at) => ({line: at + 1, value: asJson(row)})));
			}),
		);
	});
	it('from a JSON array, pretty or not', async () => {
		await fc.assert(
			fc.asyncProperty(items, cuts, fc.constantFrom('', '\t', '  \n'), async (rows, ends, indent) => {
				const read = await readAll(toBytes(JSON.stringify(rows, null, indent)), 'l.json', ends);
				expect(read.map(row => 'value' in row && row.value)).toEqual(asJson(rows));
			}),
		);
	});
	it('from CSV, with its lines, whatever the cells hold', async () => {
		const cell = fc
			.string({unit: fc.constantFrom('a', ',', '"', '\n', '\r\n', ' ', '\t', 'é', '日', '😀'), minLength: 1})
			.filter(value => value.trim() !== '');
		const quote = (value: string): string => `"${value.replaceAll('"', '""')}"`;
		await fc.assert(
			fc.asyncProperty(
				fc.array(fc.record({id: cell, url: cell}), {maxLength: 6}),
				cuts,
				fc.constantFrom('\n', '\r\n'),
				async (rows, ends, lineEnd) => {
					const content = ['id,url', ...rows.map(({id, url}) => `${quote(id)},${quote(url)}`)].join(lineEnd);
					let line = 2;
					const expected = rows.map(value => {
						const row = {line, value};
						line += 1 + (value.id + value.url).split('\n').length - 1;
						return row;
					});
					expect(await readAll(toBytes(content), 'l.csv', ends)).toEqual(expected);
				},
			),
			{numRuns: 300},
		);
	});
});
