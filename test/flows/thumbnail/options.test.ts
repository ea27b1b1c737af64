import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import {parseSize, thumbnailOptions} from '../../../src/flows/thumbnail/options.ts';

const complain = (options: unknown): string => {
	const result = thumbnailOptions.safeParse(options);
	return result.success ? '' : z.prettifyError(result.error);
};

describe('thumbnailOptions', () => {
	it('fills in every default', () => {
		expect(thumbnailOptions.parse({})).toEqual({
			sizes: [{name: '256', width: 256, height: 256, fit: 'inside', position: 'centre'}],
			format: 'jpeg',
			background: 'white',
			decode: 'fast',
			maxPixels: 50_000_000,
		});
	});

	it('names a size as it is written, unless a name is given', () => {
		const {sizes} = thumbnailOptions.parse({sizes: [{width: 64}, {width: 320, height: 200}, {name: 'small', width: 160, height: 160}]});
		expect(sizes.map(({name, width, height}) => [name, width, height])).toEqual([
			['64', 64, 64],
			['320x200', 320, 200],
			['small', 160, 160],
		]);
	});

	it('gives the same again for what it gave, so that a recorded run can be read back', () => {
		const once = thumbnailOptions.parse({sizes: [{width: 64}, {width: 320, height: 200, fit: 'cover'}], quality: 30});
		expect(thumbnailOptions.parse(once)).toEqual(once);
	});

	it('refuses two sizes of one name, also when only the case differs', () => {
		expect(complain({sizes: [{width: 64}, {width: 64, height: 32, name: '64'}]})).toContain("two sizes are called '64'");
		expect(
			complain({
				sizes: [
					{width: 1, name: 'a'},
					{width: 2, name: 'A'},
				],
			}),
		).toContain("two sizes are called 'A'");
	});

	it.each([
		[{sizes: []}, 'sizes'],
		[{sizes: Array.from({length: 17}, (_, index) => ({width: index + 1}))}, 'sizes'],
		[{sizes: [{width: 0}]}, 'width'],
		[{sizes: [{width: 16_385}]}, 'width'],
		[{sizes: [{width: 1.5}]}, 'width'],
		[{sizes: [{width: 64, heigth: 3}]}, 'heigth'],
		[{sizes: [{width: 64, fit: 'squash'}]}, 'fit'],
		[{sizes: [{width: 64, position: 'somewhere'}]}, 'position'],
		[{sizes: [{width: 64, name: '../up'}]}, 'name'],
		[{sizes: [{width: 64, name: 'a.b'}]}, 'name'],
		[{sizes: [{width: 64, name: ''}]}, 'name'],
		[{sizes: [{width: 8000, fit: 'contain'}]}, 'maxPixels'],
		[{format: 'gif'}, 'format'],
		[{quality: 0}, 'quality'],
		[{quality: 101}, 'quality'],
		[{background: 'whitish'}, 'background'],
		[{background: '#12345'}, 'background'],
		[{decode: 'slow'}, 'decode'],
		[{maxPixels: 0}, 'maxPixels'],
		[{size: 256}, 'size'],
	])('refuses %j and says where', (options, word) => {
		expect(complain(options)).toContain(word);
	});

	it('describes every option, and is a JSON Schema', () => {
		const schema = z.toJSONSchema(thumbnailOptions, {io: 'input'});
		const described = Object.entries(schema.properties ?? {}).map(([name, part]) => [
			name,
			typeof part === 'object' && Boolean(part.description),
		]);
		expect(Object.fromEntries(described)).toEqual({
			sizes: true,
			format: true,
			quality: true,
			background: true,
			decode: true,
			maxPixels: true,
		});
	});
});

describe('parseSize', () => {
	it.each([
		['256', {width: 256}],
		['320x200', {width: 320, height: 200}],
		['320x200:cover', {width: 320, height: 200, fit: 'cover'}],
		['64:fill', {width: 64, fit: 'fill'}],
		['small=160x160:cover', {name: 'small', width: 160, height: 160, fit: 'cover'}],
		['16384', {width: 16_384}],
	])('reads %s', (text, size) => {
		expect(parseSize(text)).toEqual(size);
	});

	it.each([
		'banana',
		'',
		'x',
		'1e9',
		'-1',
		'12.5',
		'320x',
		'x200',
		'320x200x100',
		'a=b=3',
		'320x200:',
		'320x200:banana',
		'../up=20',
		'=20',
	])('refuses %j as no size', text => {
		expect(() => parseSize(text)).toThrow(TypeError);
		expect(() => parseSize(text)).toThrow(`'${text}'`);
	});

	it.each(['0', '1000000000', '16385', '10x0', '0x10', '99999999999999999999'])('refuses %s as out of range', text => {
		expect(() => parseSize(text)).toThrow(RangeError);
		expect(() => parseSize(text)).toThrow('1 to 16384');
	});

	it('reads back whatever it can be written as, and the schema takes it', () => {
		const side = fc.integer({min: 1, max: 7000});
		const name = fc.option(fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/u), {nil: undefined});
		const fit = fc.constantFrom('inside', 'cover', 'contain', 'fill', 'outside');
		fc.assert(
			fc.property(name, side, side, fit, (name, width, height, fit) => {
				const size = parseSize(`${name === undefined ? '' : `${name}=`}${width}x${height}:${fit}`);
				const [parsed] = thumbnailOptions.parse({sizes: [size]}).sizes;
				expect(parsed).toEqual({name: name ?? `${width}x${height}`, width, height, fit, position: 'centre'});
			}),
			{seed: 1, numRuns: 200},
		);
	});
});
