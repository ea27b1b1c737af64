import {clamp, draw, edge} from '../canvas.ts';
import type {Canvas, Colour, Dot} from '../canvas.ts';
import {blendInk, dimInk, setInk} from '../colour.ts';
import type {Ridge} from './ridge.ts';
import type {Scene} from './scene.ts';

/** One fold of the land; the ink is told how far below its ridge the dot lies. */
export interface Land {
	readonly ridge: Ridge;
	readonly ink: (dot: Dot, depth: number) => void;
}

/** Paints folds from far to near, each only down to where the next one hides it. */
export function paintLands(canvas: Canvas, lands: readonly Land[], bottom = 1): void {
	const outlines = lands.map(({ridge}) => outline(canvas, ridge));
	for (const [fold, {ink}] of lands.entries()) {
		paintLand(canvas, {ink, upper: outlines[fold]!, lower: outlines[fold + 1], bottom});
	}
}

const outline = (canvas: Canvas, ridge: Ridge): Float32Array =>
	Float32Array.from({length: canvas.width}, (_, column) => ridge((column + 0.5) / canvas.height));

interface Fold {
	readonly ink: Land['ink'];
	readonly upper: Float32Array;
	readonly lower: Float32Array | undefined;
	readonly bottom: number;
}

function paintLand(canvas: Canvas, {ink, upper, lower, bottom}: Fold): void {
	const overlap = 2 / canvas.height;
	draw(
		canvas,
		dot => {
			const column = Math.floor(dot.x * canvas.height);
			const depth = dot.y - upper[column]!;
			const cover = edge(canvas, depth);
			if (cover === 0 || (lower && dot.y > lower[column]! + overlap)) return 0;
			ink(dot, Math.max(0, depth));
			return cover;
		},
		{top: Math.min(...upper) - overlap, bottom: lower ? Math.min(bottom, Math.max(...lower) + overlap) : bottom},
	);
}

interface Rock {
	readonly colour: Colour;
	readonly snow?: {readonly colour: Colour; readonly line: number};
	readonly haze: Colour;
	/** 0 near, 1 so far that only the haze is seen. */
	readonly distance: number;
	readonly scale: number;
}

/** Rock lit from the left, by the slope of the noise; snow lies above its line where the slope lets it. */
export function rockInk({noise, random}: Scene, {colour, snow, haze, distance, scale}: Rock): Land['ink'] {
	const u = random.between(0, 1);
	const v = random.between(0, 1);
	return (dot, depth) => {
		const x = u + (dot.x + depth * 0.5) * scale;
		const y = v + (dot.y - dot.x * 0.3) * scale;
		const height = noise(x, y);
		const light = clamp(0.5 + (height - noise(x + 0.012, y + 0.004)) * 5);
		const isSnowy = snow !== undefined && height * 0.25 + snow.line - dot.y > 0.12 + (0.5 - light) * 0.12;
		setInk(dot, isSnowy ? snow.colour : colour);
		dimInk(dot, 0.45 + light * 0.75);
		blendInk(dot, haze, clamp(distance + depth * 0.6 * (1 - distance)));
	};
}
