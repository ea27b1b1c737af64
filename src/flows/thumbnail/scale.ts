import type {Size} from './options.ts';

/** Width and height in pixels. */
export interface Extent {
	readonly width: number;
	readonly height: number;
}

/** How much of the original's width and height remains, at most 1: nothing is ever enlarged. */
function findRatios(original: Extent, {width, height, fit}: Size): readonly [number, number] {
	const across = Math.min(1, width / original.width);
	const down = Math.min(1, height / original.height);
	if (fit === 'fill') return [across, down];
	const ratio = fit === 'cover' || fit === 'outside' ? Math.max(across, down) : Math.min(across, down);
	return [ratio, ratio];
}

const scale = ({width, height}: Extent, across: number, down: number): Extent => ({
	width: Math.max(1, Math.round(width * across)),
	height: Math.max(1, Math.round(height * down)),
});

/** The whole picture as large as the size shows it: before `cover` crops it, without the bars of `contain`. */
export const scalePicture = (original: Extent, size: Size): Extent => scale(original, ...findRatios(original, size));

/**
 * The one decode that every size comes from: the smallest picture in the original's proportions from which no size is enlarged.
 * A single size that keeps the proportions is its own base.
 */
export function scaleBase(original: Extent, sizes: readonly Size[]): Extent {
	const ratio = Math.max(...sizes.map(size => Math.max(...findRatios(original, size))));
	return scale(original, ratio, ratio);
}
