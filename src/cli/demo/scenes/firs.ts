import {draw, edge} from '../canvas.ts';
import type {Colour} from '../canvas.ts';
import {blendInk, dimInk, setInk} from '../colour.ts';
import type {Ridge} from './ridge.ts';
import type {Scene} from './scene.ts';

interface Firs {
	readonly ridge: Ridge;
	readonly height: number;
	readonly colour: Colour;
	readonly spacing: number;
	/** How much snow lies on the branches, 0 to 1. */
	readonly snow?: number;
}

/** A row of firs along a ridge, each of its own height. */
export function paintFirs(scene: Scene, {ridge, height, colour, spacing, snow = 0}: Firs): void {
	const {canvas, random} = scene;
	for (let x = -spacing; x < canvas.aspect + spacing; x += spacing * random.between(0.4, 1.5)) {
		paintFir(scene, {x, foot: ridge(x) + height * 0.08, height: height * random.between(0.5, 1.15), colour, snow});
	}
}

interface Fir {
	readonly x: number;
	readonly foot: number;
	readonly height: number;
	readonly colour: Colour;
	readonly snow: number;
}

const SNOW: Colour = [0.9, 0.94, 1];

/** Tiers of drooping branches that widen downwards. */
function paintFir({canvas, noise}: Scene, {x, foot, height, colour, snow}: Fir): void {
	const spread = height * 0.24;
	draw(
		canvas,
		dot => {
			const share = (dot.y - foot + height) / height;
			const across = dot.x - x;
			const tier = (share * 7 + (Math.abs(across) * 2.2) / height) % 1;
			const ragged = noise(dot.x * 3 + x, dot.y * 3) * 0.3;
			const isTrunk = share > 0.93;
			const half = isTrunk ? spread * 0.12 : spread * share * (0.4 + 0.45 * tier + ragged);
			setInk(dot, colour);
			dimInk(dot, 1.25 - (across / spread) * 0.5 - tier * 0.35 + ragged);
			if (snow > 0) blendInk(dot, SNOW, isTrunk ? 0 : snow * (1 - tier) * (0.5 + ragged * 2));
			return edge(canvas, half - Math.abs(across));
		},
		{left: x - spread, right: x + spread, top: foot - height, bottom: foot},
	);
}
