import {clamp, draw, edge} from '../canvas.ts';
import type {Colour} from '../canvas.ts';
import {colour, dimInk, mix, setInk} from '../colour.ts';
import {paintLands, rockInk} from './land.ts';
import {createRidge, tabulate} from './ridge.ts';
import {takeTurn} from './scene.ts';
import type {Scene} from './scene.ts';
import {paintSky} from './sky.ts';
import {paintWater} from './water.ts';

const moods = [
	{sky: ['#2a2350', '#c5486a', '#ff9a4a', '#ffe08a'], sun: '#fff0b8', water: '#2a1f4a', roughness: 0.5, lit: '#ff9d7a', shade: '#5a3560'},
	{sky: ['#1d78c8', '#6fb7e8', '#d6eefb'], sun: '#fffdf0', water: '#0f7f97', roughness: 0.6, lit: '#ffffff', shade: '#a9bfd2'},
	{sky: ['#39424c', '#6c7780', '#aab3b4'], sun: '#dfe6e6', water: '#27383f', roughness: 1.1, lit: '#a6afb3', shade: '#3a434b'},
	{sky: ['#050a1c', '#0f2147', '#2a4a7a'], sun: '#f3f4ff', water: '#061027', roughness: 0.4, lit: '#53688f', shade: '#101a33', stars: 500},
	{sky: ['#f0a7b8', '#f8cfc0', '#fff0d8'], sun: '#ffffff', water: '#7d86b5', roughness: 0.25, lit: '#fff3ee', shade: '#cf9fb8'},
	{sky: ['#0e8fb0', '#5cc9cf', '#c9f2e4'], sun: '#ffffff', water: '#00a39a', roughness: 0.45, lit: '#ffffff', shade: '#9fd6d8'},
	{sky: ['#1c2a4a', '#5a4a72', '#e0705a', '#f8b070'], sun: '#ffd8a0', water: '#14203a', roughness: 0.8, lit: '#e88a70', shade: '#2c2444'},
	{sky: ['#0f3a3a', '#3f8a7a', '#e8d88a'], sun: '#fff8c0', water: '#0a3a40', roughness: 0.6, lit: '#d8d890', shade: '#1f5a58'},
	{sky: ['#4a0f1f', '#b02a2a', '#ff7a3a'], sun: '#ffd080', water: '#2a0a14', roughness: 0.35, lit: '#ff6a4a', shade: '#4a1420'},
	{sky: ['#c8d8e8', '#dfe8ee', '#f4f4ee'], sun: '#ffffff', water: '#8aa0a8', roughness: 0.9, lit: '#ffffff', shade: '#b8c4cc'},
];

/** The sun over water, here and there an island and some boats. */
export function paintSea(scene: Scene): void {
	const {canvas, random, variant} = scene;
	const mood = takeTurn(moods, variant);
	const horizon = random.between(0.42, 0.64);
	const colours = mood.sky.map(colour);
	const sun = {
		x: random.between(0.2, 0.8) * canvas.aspect,
		y: horizon - random.between(0.06, 0.3),
		radius: random.between(0.03, 0.07),
		colour: colour(mood.sun),
		glow: 0.5,
	};
	const clouds = {lit: colour(mood.lit), shade: colour(mood.shade), cover: random.between(0.3, 0.7)};
	paintSky(scene, {colours, horizon, bottom: horizon + 0.01, sun, clouds, stars: mood.stars ?? 0});
	if (variant % 2 === 1) paintIsland(scene, {horizon, haze: colours[0]!});
	paintWater(scene, {horizon, colour: colour(mood.water), roughness: mood.roughness, sparkle: sun});
	for (let boat = variant % 4; boat > 0; boat--) {
		paintSailboat(scene, {x: random.between(0.1, 0.9) * canvas.aspect, foot: horizon + random.between(0.02, 0.28), horizon});
	}
}

function paintIsland(scene: Scene, {horizon, haze}: {horizon: number; haze: Colour}): void {
	const {canvas, random} = scene;
	const middle = random.between(0.1, 0.9) * canvas.aspect;
	const half = random.between(0.2, 0.5);
	const bumps = createRidge(scene, {base: 0, rise: 0.1, scale: 0.5, sharpness: 0.6});
	const ridge = tabulate(x => horizon + 0.002 - clamp(1 - ((x - middle) / half) ** 2) * (0.11 - bumps(x)));
	const ink = rockInk(scene, {colour: mix([0.1, 0.16, 0.1], haze, 0.4), haze, distance: 0.15, scale: 0.6});
	paintLands(canvas, [{ridge, ink}], horizon + 0.01);
}

const HULL: Colour = [0.16, 0.12, 0.12];

/** Near boats are larger: the size follows from how far below the horizon the boat floats. */
function paintSailboat({canvas, random}: Scene, {x, foot, horizon}: {x: number; foot: number; horizon: number}): void {
	const size = 0.05 + (foot - horizon) * 0.7;
	const sail = colour(random.pick(['#fbf6ea', '#d8432f', '#f2c14e', '#ffffff', '#2f6f8f']));
	const lean = random.between(-0.15, 0.15);
	draw(
		canvas,
		dot => {
			const up = (foot - dot.y) / size;
			const across = (dot.x - x) / size - lean * up;
			if (up < 0.16) {
				setInk(dot, HULL);
				return edge(canvas, Math.min(0.34 + up * 0.7 - Math.abs(across), up) * size);
			}
			setInk(dot, sail);
			dimInk(dot, across > 0.02 ? 1 : 0.78);
			const canvasEdge = Math.min((1.5 - up) * 0.42 - across, (1.3 - up) * 0.3 + across);
			const mastGap = Math.abs(across - 0.01) - 0.012;
			return edge(canvas, Math.min(canvasEdge, mastGap, up - 0.2) * size);
		},
		{left: x - size, right: x + size, top: foot - size * 1.55, bottom: foot},
	);
}
