import {z} from 'zod';
import {isColour} from './css-colours.ts';

/** Also the largest side that every written format can hold, but for WebP's 16,383. */
const MAX_SIDE_PX = 16_384;
/** A 4:3 photo of 8,165 x 6,124; decoded as RGB it takes 150 MB. */
const DEFAULT_MAX_PIXELS = 50_000_000;
/** Each size is one more resize and encode on the same thread. */
const MAX_SIZES = 16;

const fits = ['inside', 'cover', 'contain', 'fill', 'outside'] as const;
// As sharp names them.
const edges = ['centre', 'center', 'top', 'right top', 'right', 'right bottom', 'bottom', 'left bottom', 'left', 'left top'] as const;
const gravities = ['north', 'northeast', 'east', 'southeast', 'south', 'southwest', 'west', 'northwest'] as const;
const positions = [...edges, ...gravities, 'entropy', 'attention'] as const;
const namePattern = /^[\w-]{1,64}$/u;
const nameRule = '1 to 64 letters, digits, - or _';

const side = z.int().min(1).max(MAX_SIDE_PX);
const size = z
	.strictObject({
		name: z
			.string()
			.regex(namePattern, `a name is ${nameRule}`)
			.optional()
			.describe('Base name of the file. Default: the size as written, `256` or `320x200`.'),
		width: side.describe(`Width of the box in pixels, 1 to ${MAX_SIDE_PX}.`),
		height: side.optional().describe(`Height of the box in pixels, 1 to ${MAX_SIDE_PX}. Default: the width.`),
		fit: z
			.enum(fits)
			.default('inside')
			.describe(
				'`inside`: whole picture, at most the box. `cover`: fills the box, crops. `contain`: whole picture, bars of `background`. ' +
					'`fill`: stretched to the box. `outside`: whole picture, at least the box. None enlarges the picture.',
			),
		position: z
			.enum(positions)
			.default('centre')
			.describe('What `cover` keeps and where `contain` puts the picture: an edge, a corner, `entropy` or `attention`.'),
	})
	.transform(({name, width, height, fit, position}) => ({
		name: name ?? (height === undefined ? `${width}` : `${width}x${height}`),
		width,
		height: height ?? width,
		fit,
		position,
	}));

/** The options of the `thumbnail` flow, checked and with every default filled in. */
export type ThumbnailOptions = z.output<typeof thumbnailOptions>;
export type Size = z.output<typeof size>;

export const thumbnailOptions = z
	.strictObject({
		sizes: z
			.array(size)
			.min(1)
			.max(MAX_SIZES)
			.prefault([{width: 256}])
			.describe(`The variants, 1 to ${MAX_SIZES}, all made from one decode. Default: one that fits into 256 x 256.`),
		format: z
			.enum(['jpeg', 'png', 'webp', 'avif', 'same'])
			.default('jpeg')
			.describe('Format of the variants. `same` keeps the input’s; a GIF becomes PNG, which keeps its colours and transparency.'),
		quality: z.int().min(1).max(100).optional().describe('1 to 100; not used for PNG, which is lossless. Default: 80, for AVIF 50.'),
		background: z
			.string()
			.refine(isColour, 'a colour is #rgb, #rrggbb, either with alpha, or a CSS name such as white')
			.default('white')
			.describe('Lies under transparent pixels in JPEG, and beside the picture with `contain`: a hex colour or a CSS name.'),
		decode: z
			.enum(['fast', 'fine'])
			.default('fast')
			.describe('`fine` decodes with a margin of twice the size asked for: a little sharper, at more CPU.'),
		maxPixels: z
			.int()
			.min(1)
			.max(1_000_000_000)
			.default(DEFAULT_MAX_PIXELS)
			.describe('An image with more pixels (width x height) than this fails with TOO_MANY_PIXELS before it is decoded.'),
	})
	// A transform, because a refinement also runs on sizes that were refused and have no name yet.
	.transform((options, context) => {
		const refuse = (message: string, index: number) => context.addIssue({code: 'custom', message, path: ['sizes', index]});
		refuseSameNames(options.sizes, refuse);
		for (const [index, {name, width, height, fit}] of options.sizes.entries()) {
			if (fit !== 'contain' || width * height <= options.maxPixels) continue;
			refuse(`'${name}' is ${width} x ${height} with its bars, more than maxPixels (${options.maxPixels})`, index);
		}
		return options;
	});

function refuseSameNames(sizes: readonly Size[], refuse: (message: string, index: number) => void): void {
	const seen = new Set<string>();
	for (const [index, {name, width, height}] of sizes.entries()) {
		// Folders on macOS and Windows do not tell `Small` from `small`.
		const key = name.toLowerCase();
		if (seen.has(key)) refuse(`two sizes are called '${name}'; give one of them another name, such as small=${width}x${height}`, index);
		seen.add(key);
	}
}

const sizeText = /^(?:(?<name>[^=]*)=)?(?<width>\d+)(?:x(?<height>\d+))?(?::(?<fit>.*))?$/u;

function readSide(digits: string, text: string): number {
	const px = Number(digits);
	if (px >= 1 && px <= MAX_SIDE_PX) return px;
	throw new RangeError(`size '${text}': width and height are 1 to ${MAX_SIDE_PX} pixels, got ${digits}`);
}

/**
 * Reads a size as the command line writes it: `256` (a box of 256 x 256), `320x200:cover`, `small=160x160:cover`.
 * @throws TypeError when the text is no size, or its fit or name is not one; RangeError when a side is not 1 to 16,384.
 */
export function parseSize(text: string): z.input<typeof size> {
	const {name, width, height, fit} = sizeText.exec(text)?.groups ?? {};
	if (width === undefined)
		throw new TypeError(`size '${text}' is not WIDTH, WIDTHxHEIGHT:FIT or NAME=WIDTHxHEIGHT:FIT, such as 320x200:cover`);
	const known = fits.find(one => one === fit);
	if (fit !== undefined && known === undefined) throw new TypeError(`size '${text}': fit is one of ${fits.join(', ')}, got '${fit}'`);
	if (name !== undefined && !namePattern.test(name)) throw new TypeError(`size '${text}': a name is ${nameRule}, got '${name}'`);
	return {
		width: readSide(width, text),
		...(height === undefined ? {} : {height: readSide(height, text)}),
		...(known === undefined ? {} : {fit: known}),
		...(name === undefined ? {} : {name}),
	};
}
