import {clamp} from './canvas.ts';
import type {Colour, Dot} from './canvas.ts';

/** Reads `#rrggbb`. */
export function colour(hex: string): Colour {
	const bits = Number.parseInt(hex.slice(1), 16);
	return [(bits >> 16) / 255, ((bits >> 8) & 255) / 255, (bits & 255) / 255];
}

export const mix = (from: Colour, to: Colour, share: number): Colour => [
	from[0] + (to[0] - from[0]) * share,
	from[1] + (to[1] - from[1]) * share,
	from[2] + (to[2] - from[2]) * share,
];

export function setInk(dot: Dot, colour: Colour): void {
	dot.red = colour[0];
	dot.green = colour[1];
	dot.blue = colour[2];
}

/** Moves the ink towards a colour. */
export function blendInk(dot: Dot, colour: Colour, share: number): void {
	dot.red += (colour[0] - dot.red) * share;
	dot.green += (colour[1] - dot.green) * share;
	dot.blue += (colour[2] - dot.blue) * share;
}

/** Adds light. */
export function lightInk(dot: Dot, colour: Colour, amount: number): void {
	dot.red += colour[0] * amount;
	dot.green += colour[1] * amount;
	dot.blue += colour[2] * amount;
}

/** Scales the ink's brightness. */
export function dimInk(dot: Dot, factor: number): void {
	dot.red *= factor;
	dot.green *= factor;
	dot.blue *= factor;
}

const STEPS = 256;

/** A gradient through evenly spaced colours: sets the ink for a share of 0..1. */
export function createRamp(colours: readonly Colour[]): (dot: Dot, share: number) => void {
	const last = colours.length - 1;
	const table = Array.from({length: STEPS + 1}, (_, step) => {
		const at = (step / STEPS) * last;
		const stop = Math.min(Math.floor(at), last - 1);
		return mix(colours[stop]!, colours[stop + 1]!, at - stop);
	});
	return (dot, share) => setInk(dot, table[Math.round(clamp(share) * STEPS)]!);
}
