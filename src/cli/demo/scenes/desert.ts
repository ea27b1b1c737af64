import {clamp, draw, edge, length} from '../canvas.ts';
import type {Colour} from '../canvas.ts';
import {blendInk, colour, dimInk, mix, setInk} from '../colour.ts';
import {paintLands} from './land.ts';
import type {Land} from './land.ts';
import {createRidge} from './ridge.ts';
import {takeTurn} from './scene.ts';
import type {Scene} from './scene.ts';
import {paintSky} from './sky.ts';

const moods = [
	{sky: ['#2f7fc4', '#8cc0e6', '#f3e6cf'], sand: '#e3a558', shade: '#8a4a2a', sun: '#fffbe6', cacti: 2},
	{sky: ['#5b2a5e', '#d05a5a', '#ffb45e'], sand: '#d9703c', shade: '#52203a', sun: '#ffe9b0', cacti: 1},
	{sky: ['#0a1030', '#25306b', '#6b5f9a'], sand: '#6f6a94', shade: '#1b1d40', sun: '#f0f2ff', cacti: 0, stars: 500},
	{sky: ['#e9d3b0', '#f2dfc0', '#f8ecd8'], sand: '#d8b88a', shade: '#a07850', sun: '#ffffff', cacti: 0},
	{sky: ['#3fa0a8', '#a5d6c5', '#fbe9c0'], sand: '#f1c27a', shade: '#b0603f', sun: '#ffffff', cacti: 4},
	{sky: ['#b03a2e', '#e07a4a', '#f5c08a'], sand: '#c2452d', shade: '#5c1a1f', sun: '#ffe3b5', cacti: 0},
	{sky: ['#1d5fb0', '#5fa0dc', '#cfe4f2'], sand: '#f4f0e8', shade: '#8fa4c4', sun: '#ffffff', cacti: 0},
	{sky: ['#12305a', '#5a6a9a', '#e8a890'], sand: '#c88a7a', shade: '#3a2a4a', sun: '#ffe0c8', cacti: 3},
	{sky: ['#7a8a6a', '#b8b890', '#e8e0b8'], sand: '#c8b870', shade: '#5a5a34', sun: '#fffce0', cacti: 5},
	{sky: ['#04141a', '#0f4a50', '#4fa090'], sand: '#4f8a80', shade: '#0a2a30', sun: '#e0fff0', cacti: 1, stars: 400},
];

/** Dunes with a lit and a shaded side, rippled where they are near. */
export function paintDesert(scene: Scene): void {
	const {canvas, random, variant} = scene;
	const mood = takeTurn(moods, variant);
	const colours = mood.sky.map(colour);
	const horizon = random.between(0.38, 0.55);
	const sun = {
		x: random.between(0.15, 0.85) * canvas.aspect,
		y: random.between(0.1, horizon - 0.1),
		radius: random.between(0.03, 0.08),
		colour: colour(mood.sun),
		glow: 0.45,
	};
	paintSky(scene, {colours, horizon, bottom: horizon + 0.15, sun, stars: mood.stars ?? 0});
	const count = 4 + random.index(3);
	const look = {sand: colour(mood.sand), shade: colour(mood.shade), haze: colours.at(-1)!, horizon};
	paintLands(
		canvas,
		Array.from({length: count}, (_, dune) => createDune(scene, {...look, nearness: dune / (count - 1)})),
	);
	for (let cactus = 0; cactus < mood.cacti; cactus++) paintCactus(scene, {foot: 0.7 + 0.07 * cactus + random.between(0, 0.05)});
}

interface Dune {
	readonly sand: Colour;
	readonly shade: Colour;
	readonly haze: Colour;
	readonly horizon: number;
	readonly nearness: number;
}

function createDune(scene: Scene, {sand, shade, haze, horizon, nearness}: Dune): Land {
	const {noise, random} = scene;
	const ridge = createRidge(scene, {
		base: horizon + 0.03 + nearness * 0.34,
		rise: 0.07 + nearness * 0.1,
		scale: 0.16 - nearness * 0.07,
		sharpness: 0.35,
	});
	const crest = createRidge(scene, {base: 0, rise: 0.5, scale: 0.2, sharpness: 0});
	const v = random.between(0, 1);
	const ink: Land['ink'] = (dot, depth) => {
		const x = dot.x + crest(dot.x) * depth;
		const slope = (ridge(x + 0.02) - ridge(x - 0.02)) * 12;
		const bend = noise(dot.x * 0.35 + depth * 0.9, v + depth * 0.5) - 0.5;
		const wave = depth * (1.6 - nearness * 0.7) + noise(dot.x * 0.3, v + depth) * 0.12;
		const ripple = Math.sin(wave * 210) * 0.035 * Math.min(1, nearness + 0.1);
		const light = clamp(0.62 - slope + bend * 1.4 + ripple);
		setInk(dot, shade);
		blendInk(dot, sand, light);
		if (light > 0.85) dimInk(dot, 1 + (light - 0.85) * 0.8);
		blendInk(dot, haze, 0.55 * (1 - nearness) * Math.sqrt(1 - nearness));
	};
	return {ridge, ink};
}

/** A trunk and two arms: five capsules, of which two lie. */
function paintCactus({canvas, random}: Scene, {foot}: {foot: number}): void {
	const x = random.between(0.08, 0.92) * canvas.aspect;
	const size = (foot - 0.45) * 0.75;
	const leftArm = random.between(0.35, 0.55);
	const rightArm = random.between(0.45, 0.7);
	const green = mix(colour('#2f5a34'), colour('#5c7a3a'), random.between(0, 1));
	draw(
		canvas,
		dot => {
			const px = (dot.x - x) / size;
			const py = (foot - dot.y) / size;
			const trunk = 0.085 - length(px, py - Math.min(0.9, Math.max(0, py)));
			const left = 0.06 - length(px + 0.26, py - Math.min(leftArm + 0.25, Math.max(leftArm, py)));
			const right = 0.06 - length(px - 0.26, py - Math.min(rightArm + 0.18, Math.max(rightArm, py)));
			const leftElbow = 0.06 - length(px - Math.min(0, Math.max(-0.26, px)), py - leftArm);
			const rightElbow = 0.06 - length(px - Math.min(0.26, Math.max(0, px)), py - rightArm);
			const body = Math.max(trunk, left, right, leftElbow, rightElbow);
			setInk(dot, green);
			dimInk(dot, 0.7 + 0.3 * Math.sin(px * 130) + clamp(body * 8) * 0.3 - px * 0.6);
			return edge(canvas, body * size);
		},
		{left: x - size * 0.4, right: x + size * 0.4, top: foot - size, bottom: foot},
	);
}
