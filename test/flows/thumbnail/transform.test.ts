import sharp from 'sharp';
import {describe, expect, it} from 'vitest';
import {blue, differ, green, make, makeOne, noise, plain, quadrants, readPixel, red, yellow} from './pictures.ts';

/** Where EXIF 2.3 says a visual pixel is stored: what row 0 and column 0 of the file stand for. */
const stored: Record<number, (x: number, y: number, width: number, height: number) => readonly [number, number]> = {
	1: (x, y) => [x, y],
	2: (x, y, width) => [width - 1 - x, y],
	3: (x, y, width, height) => [width - 1 - x, height - 1 - y],
	4: (x, y, _, height) => [x, height - 1 - y],
	5: (x, y) => [y, x],
	6: (x, y, width) => [y, width - 1 - x],
	7: (x, y, width, height) => [height - 1 - y, width - 1 - x],
	8: (x, y, _, height) => [height - 1 - y, x],
};

function turned(orientation: number) {
	const [width, height] = [120, 80];
	const size = orientation >= 5 ? {width: height, height: width} : {width, height};
	const at = stored[orientation];
	if (at === undefined) throw new Error(`no orientation ${orientation}`);
	return quadrants(width, height, size, (x, y) => at(x, y, width, height)).withMetadata({orientation});
}

async function expectUpright(file: {readonly bytes: Uint8Array}): Promise<void> {
	for (const [x, y, colour] of [
		[0.25, 0.25, red],
		[0.75, 0.25, green],
		[0.25, 0.75, blue],
		[0.75, 0.75, yellow],
	] as const) {
		expect(differ(await readPixel(file, x, y), colour)).toBeLessThan(12);
	}
}

describe('orientation', () => {
	it.each([1, 2, 3, 4, 5, 6, 7, 8])('%i is baked in before the resize', async orientation => {
		const {original, variants} = await make(await turned(orientation).jpeg({quality: 95}).toBuffer(), {sizes: [{width: 60}]});
		expect(original).toMatchObject({width: 120, height: 80, format: 'jpeg'});
		expect(variants).toMatchObject([{width: 60, height: 40}]);
		for (const variant of variants) await expectUpright(variant);
	});

	it.each(['png', 'webp'] as const)('of a %s counts as well', async format => {
		const {original, variants} = await make(await turned(6).toFormat(format, {quality: 95}).toBuffer(), {sizes: [{width: 60}]});
		expect(original).toMatchObject({width: 120, height: 80, format});
		for (const variant of variants) await expectUpright(variant);
	});

	it('decides the direction of a box that is not square', async () => {
		const tall = await quadrants(80, 120).jpeg().toBuffer();
		const turnedTall = await quadrants(80, 120, {width: 120, height: 80}, (x, y) => [y, 79 - x])
			.withMetadata({orientation: 6})
			.jpeg()
			.toBuffer();
		for (const bytes of [tall, turnedTall])
			expect(await makeOne(bytes, {sizes: [{width: 40, height: 60}]})).toMatchObject({width: 40, height: 60});
	});
});

describe('colours', () => {
	it.each(['p3', 'srgb'])('of a picture in %s come out in sRGB, for 8 and 16 bits', async profile => {
		const jpeg = await plain(64, 64).withIccProfile(profile).jpeg({quality: 100, chromaSubsampling: '4:4:4'}).toBuffer();
		const deep = await plain(64, 64).toColourspace('rgb16').withIccProfile(profile).png().toBuffer();
		expect((await sharp(deep).metadata()).depth).toBe('ushort');
		for (const bytes of [jpeg, deep]) expect(differ(await readPixel(await makeOne(bytes, {format: 'png'})), red)).toBeLessThan(5);
	});

	it('of 16 bits without a profile stay as they are', async () => {
		const bytes = await plain(64, 64).toColourspace('rgb16').png().toBuffer();
		expect(differ(await readPixel(await makeOne(bytes, {format: 'png'})), red)).toBeLessThan(3);
	});

	it('of CMYK come out near', async () => {
		const bytes = await plain(64, 64).toColourspace('cmyk').jpeg({quality: 100}).toBuffer();
		expect((await sharp(bytes).metadata()).space).toBe('cmyk');
		const pixel = await readPixel(await makeOne(bytes, {format: 'png'}));
		expect(pixel).toHaveLength(3);
		expect(differ(pixel, red)).toBeLessThan(40);
	});

	it('of gray stay gray', async () => {
		const bytes = await plain(64, 64, [90, 90, 90]).toColourspace('b-w').jpeg().toBuffer();
		expect(differ(await readPixel(await makeOne(bytes)), [90, 90, 90])).toBeLessThan(4);
	});
});

describe('transparency', () => {
	const half = () =>
		sharp({create: {width: 40, height: 40, channels: 4, background: {r: 200, g: 0, b: 0, alpha: 0.5}}})
			.png()
			.toBuffer();

	it.each([
		['white', [227, 127, 127]],
		['black', [100, 0, 0]],
		['#0000ff', [100, 0, 127]],
	] as const)('lies on %s in JPEG', async (background, expected) => {
		expect(differ(await readPixel(await makeOne(await half(), {background})), expected)).toBeLessThan(6);
	});

	it.each(['png', 'webp', 'avif'] as const)('is kept in %s', async format => {
		const [r, , , alpha] = await readPixel(await makeOne(await half(), {format, quality: 90}));
		expect(differ([r ?? 0, alpha ?? 0], [200, 128])).toBeLessThan(8);
	});

	it('is not kept as black edges: colours are weighted by alpha', async () => {
		const data = new Uint8Array(64 * 64 * 4).map((_, index) =>
			Math.floor(index / 4) % 64 < 32 ? ([255, 255, 255, 255][index % 4] ?? 0) : 0,
		);
		const bytes = await sharp(data, {raw: {width: 64, height: 64, channels: 4}})
			.png()
			.toBuffer();
		expect(
			differ((await readPixel(await makeOne(bytes, {sizes: [{width: 9}], format: 'png'}), 0.5, 0.5)).slice(0, 3), [255, 255, 255]),
		).toBeLessThan(3);
	});
});

describe('sizes', () => {
	const wide = async () => await noise(300, 200).jpeg().toBuffer();

	it.each([
		['inside', 150, 100, 150, 100],
		['inside', 100, 100, 100, 67],
		['cover', 100, 100, 100, 100],
		['contain', 100, 100, 100, 100],
		['fill', 100, 90, 100, 90],
		['outside', 100, 100, 150, 100],
	] as const)('%s %i x %i of 300 x 200 is %i x %i', async (fit, width, height, expectedWidth, expectedHeight) => {
		const variant = await makeOne(await wide(), {sizes: [{width, height, fit}]});
		expect(variant).toMatchObject({width: expectedWidth, height: expectedHeight, format: 'jpeg'});
		expect(await sharp(variant.bytes).metadata()).toMatchObject({width: expectedWidth, height: expectedHeight, format: 'jpeg'});
	});

	it.each([
		['inside', 300, 200],
		['cover', 300, 200],
		['contain', 400, 400],
		['fill', 300, 200],
		['outside', 300, 200],
	] as const)('%s never enlarges the picture', async (fit, width, height) => {
		expect(await makeOne(await wide(), {sizes: [{width: 400, fit}]})).toMatchObject({width, height});
	});

	it('contain leaves the picture in the middle of its bars', async () => {
		const variant = await makeOne(await plain(100, 50).png().toBuffer(), {
			sizes: [{width: 40, fit: 'contain'}],
			background: 'lime',
			format: 'png',
		});
		expect(differ(await readPixel(variant, 0.5, 0.1), [0, 255, 0])).toBeLessThan(3);
		expect(differ(await readPixel(variant, 0.5, 0.5), red)).toBeLessThan(3);
		expect(differ(await readPixel(variant, 0.5, 0.9), [0, 255, 0])).toBeLessThan(3);
	});

	it.each([
		['left', red, blue],
		['right', green, yellow],
		['west', red, blue],
	] as const)('cover keeps the %s', async (position, above, below) => {
		const variant = await makeOne(await quadrants(200, 100).png().toBuffer(), {
			sizes: [{width: 50, fit: 'cover', position}],
			format: 'png',
		});
		expect(differ(await readPixel(variant, 0.5, 0.2), above)).toBeLessThan(5);
		expect(differ(await readPixel(variant, 0.5, 0.8), below)).toBeLessThan(5);
	});

	it.each(['attention', 'entropy', 'top', 'right bottom', 'northwest'] as const)('takes %s with cover and contain', async position => {
		const {variants} = await make(await wide(), {
			sizes: [
				{name: 'a', width: 50, fit: 'cover', position},
				{name: 'b', width: 50, fit: 'contain', position},
			],
		});
		expect(variants).toMatchObject([
			{width: 50, height: 50},
			{width: 50, height: 50},
		]);
	});

	it('come in the order asked for, each as if it were alone', async () => {
		const sizes = [
			{width: 32},
			{width: 200},
			{name: 'square', width: 64, height: 64, fit: 'cover'},
			{width: 90, height: 20, fit: 'fill'},
		] as const;
		const bytes = await quadrants(600, 400).jpeg({quality: 95}).toBuffer();
		const {variants} = await make(bytes, {sizes: [...sizes], format: 'png'});
		expect(variants.map(({name, width, height}) => [name, width, height])).toEqual([
			['32', 32, 21],
			['200', 200, 133],
			['square', 64, 64],
			['90x20', 90, 20],
		]);
		for (const variant of variants) await expectUpright(variant);
	});

	it.each([
		[1, 1],
		[1, 500],
		[500, 1],
		[3, 2],
	])('shrink a picture of %i x %i to what it has', async (width, height) => {
		const variant = await makeOne(await plain(width, height).png().toBuffer(), {sizes: [{width: 2}]});
		expect(variant).toMatchObject({width: Math.min(width, 2), height: Math.min(height, width === 3 ? 1 : 2)});
	});

	it('decode fine differs from fast, and is as large', async () => {
		const bytes = await noise(900, 600).jpeg().toBuffer();
		const [fast, fine] = [await makeOne(bytes), await makeOne(bytes, {decode: 'fine'})];
		expect(fine).toMatchObject({width: fast.width, height: fast.height});
		expect(Buffer.compare(fine.bytes, fast.bytes)).not.toBe(0);
	});
});

describe('formats', () => {
	const inputs = ['jpeg', 'png', 'webp', 'gif', 'avif'] as const;
	const outputs = ['jpeg', 'png', 'webp', 'avif'] as const;

	it.each(inputs.flatMap(input => outputs.map(output => [input, output] as const)))('reads %s, writes %s', async (input, output) => {
		const bytes = await quadrants(120, 80).toFormat(input).toBuffer();
		const {original, variants} = await make(bytes, {format: output, sizes: [{width: 60}], quality: 90});
		expect(original).toEqual({width: 120, height: 80, format: input, bytes: bytes.length});
		for (const variant of variants) {
			expect(variant.format).toBe(output);
			expect((await sharp(variant.bytes).metadata()).format).toBe(output === 'avif' ? 'heif' : output);
			expect(differ(await readPixel(variant, 0.25, 0.25), red)).toBeLessThan(20);
		}
	});

	it.each(inputs.map(input => [input, input === 'gif' ? 'png' : input] as const))('same keeps %s as %s', async (input, output) => {
		expect((await makeOne(await plain(32, 32).toFormat(input).toBuffer(), {format: 'same'})).format).toBe(output);
	});

	it.each(['gif', 'webp'] as const)('of an animated %s take the first frame', async format => {
		const frames = [plain(32, 32, red), plain(32, 32, blue)].map(frame => frame.raw().toBuffer());
		const film = sharp(Buffer.concat(await Promise.all(frames)), {raw: {width: 32, height: 64, channels: 3, pageHeight: 32}});
		const bytes = await film.toFormat(format, {quality: 90}).toBuffer();
		expect((await sharp(bytes).metadata()).pages).toBe(2);
		const {original, variants} = await make(bytes, {format: 'png'});
		expect(original).toMatchObject({width: 32, height: 32});
		for (const variant of variants) expect(differ(await readPixel(variant), red)).toBeLessThan(12);
	});

	it.each(['jpeg', 'webp', 'avif'] as const)('%s grows with the quality', async format => {
		const bytes = await noise(128, 128).png().toBuffer();
		const sizes = await Promise.all([20, 60, 95].map(async quality => (await makeOne(bytes, {format, quality})).bytes.length));
		expect(sizes).toEqual([...sizes].sort((one, other) => one - other));
		expect(new Set(sizes).size).toBe(3);
	});

	it.each([
		['jpeg', 80],
		['webp', 80],
		['avif', 50],
	] as const)('%s has quality %i when none is given', async (format, quality) => {
		const bytes = await noise(64, 64).png().toBuffer();
		expect((await makeOne(bytes, {format})).bytes).toEqual((await makeOne(bytes, {format, quality})).bytes);
	});
});

it('leaves no metadata in any output: no EXIF, GPS, XMP or profile', async () => {
	const exif = {IFD0: {Copyright: 'somebody'}, IFD3: {GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1'}};
	const bytes = await plain(64, 64).withIccProfile('p3').withExif(exif).withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"/>').jpeg().toBuffer();
	expect(await sharp(bytes).metadata()).toMatchObject({exif: expect.any(Buffer), icc: expect.any(Buffer), xmp: expect.any(Buffer)});
	for (const format of ['jpeg', 'png', 'webp', 'avif'] as const) {
		const {bytes: made} = await makeOne(bytes, {format});
		const metadata = await sharp(made).metadata();
		expect([metadata.exif, metadata.icc, metadata.xmp, metadata.iptc, metadata.orientation]).toEqual(Array.from({length: 5}));
		expect(Buffer.from(made).includes('somebody')).toBe(false);
	}
});

it('gives the same bytes for the same picture', async () => {
	const bytes = await noise(200, 100).jpeg().toBuffer();
	expect(await make(bytes)).toEqual(await make(bytes));
});
