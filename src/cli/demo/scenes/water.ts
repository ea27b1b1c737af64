import {draw, ease} from '../canvas.ts';
import type {Canvas, Colour, Dot} from '../canvas.ts';
import {blendInk, lightInk} from '../colour.ts';
import type {Scene} from './scene.ts';

interface Water {
	readonly horizon: number;
	/** The water's own colour, seen where we look down into it. */
	readonly colour: Colour;
	/** 0: a mirror. 1: a rough sea. */
	readonly roughness: number;
	/** Where the sun or moon glitters. */
	readonly sparkle?: {readonly x: number; readonly colour: Colour};
}

/** Mirrors what is painted above the horizon, broken by waves that grow towards us. */
export function paintWater({canvas, noise, random}: Scene, {horizon, colour, roughness, sparkle}: Water): void {
	const u = random.between(0, 1);
	const v = random.between(0, 1);
	draw(
		canvas,
		dot => {
			const depth = dot.y - horizon;
			const away = 1 / (depth + 0.035);
			const wave = noise(u + dot.x * away * 0.045, v + away * 0.16 + depth * 0.3) - 0.5;
			const tilt = wave * roughness;
			const seenY = horizon - depth * 0.95 - tilt * (0.06 + depth * 0.9);
			pickUp(canvas, dot, {x: dot.x + tilt * depth * 0.35, y: Math.min(seenY, horizon - 0.002)});
			blendInk(dot, colour, Math.min(0.85, 0.12 + depth * (0.6 + roughness * 0.6) + Math.max(0, tilt) * 0.5));
			if (sparkle && wave > 0.02) {
				const across = Math.abs(dot.x - sparkle.x) / (0.05 + depth * 0.35);
				const glint = ease((wave - 0.02 - across * 0.18) / (0.18 + across * 0.07));
				lightInk(dot, sparkle.colour, glint * Math.exp(-across) * 0.9);
			}
			return 1;
		},
		{top: horizon},
	);
}

/** Sets the ink to what the canvas shows at a place, or at its nearest edge. */
function pickUp({width, height, pixels}: Canvas, dot: Dot, {x, y}: {x: number; y: number}): void {
	const row = Math.min(height - 1, Math.max(0, Math.floor(y * height)));
	const column = Math.min(width - 1, Math.max(0, Math.floor(x * height)));
	const at = (row * width + column) * 3;
	dot.red = pixels[at]!;
	dot.green = pixels[at + 1]!;
	dot.blue = pixels[at + 2]!;
}
