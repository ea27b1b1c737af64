import sharp from 'sharp';
import {describe, expect, test} from 'vitest';
import {planPhoto} from '../../../src/cli/demo/photo.ts';
import type {PhotoPlan} from '../../../src/cli/demo/photo.ts';
import renderPhoto from '../../../src/cli/demo/render-photo.ts';

/** The first photo of a kind. */
function find(isWanted: (plan: PhotoPlan) => boolean): number {
	return Array.from({length: 100}, (_, n) => planPhoto(n)).findIndex(isWanted);
}

const kinds: readonly (readonly [string, (plan: PhotoPlan) => boolean])[] = [
	['a baseline JPEG', ({format, isProgressive, orientation}) => format === 'jpeg' && !isProgressive && orientation === 1],
	['a progressive JPEG', ({isProgressive}) => isProgressive],
	['a JPEG turned by 90 degrees', ({orientation}) => orientation === 6],
	['a PNG', ({format}) => format === 'png'],
	['a WebP', ({format}) => format === 'webp'],
];

describe('renderPhoto', () => {
	test.each(kinds)('makes %s that decodes to what its plan says', async (_, isWanted) => {
		const n = find(isWanted);
		const plan = planPhoto(n);
		const bytes = await renderPhoto(n);
		const metadata = await sharp(bytes).metadata();
		expect({format: metadata.format, orientation: metadata.orientation ?? 1, ...metadata.autoOrient}).toEqual({
			format: plan.format,
			orientation: plan.orientation,
			width: plan.width,
			height: plan.height,
		});
		expect(metadata.isProgressive ?? false).toBe(plan.isProgressive);
		expect(bytes.length).toBeGreaterThan(50_000);
	});

	test('gives some JPEGs the profile of a phone', async () => {
		const {icc} = await sharp(await renderPhoto(find(({isDisplayP3}) => isDisplayP3))).metadata();
		// The name of libvips's compact Display P3 profile, in UTF-16.
		expect(icc?.toString('latin1').replaceAll('\0', '')).toContain('sP3C');
	});

	test('makes the same bytes for the same number', async () => {
		expect(await renderPhoto(4)).toEqual(await renderPhoto(4));
	});
});
