import {draw, edge} from '../canvas.ts';
import type {Colour} from '../canvas.ts';
import {blendInk, colour, dimInk, mix, setInk} from '../colour.ts';
import {hashCell} from '../random.ts';
import {takeTurn} from './scene.ts';
import type {Scene} from './scene.ts';
import {paintSky} from './sky.ts';
import {paintWater} from './water.ts';

const moods = [
	{
		sky: ['#050b1e', '#15264f', '#4a4a7a'],
		wall: '#141a2c',
		windows: ['#ffd27a', '#ffe9b8', '#9fd0ff'],
		lit: 0.42,
		moon: '#fdf6df',
		stars: 250,
	},
	{sky: ['#241a3f', '#8a3c6a', '#f58a5b'], wall: '#2a1d33', windows: ['#ffcf70', '#fff2cc'], lit: 0.3, moon: '#ffd9a0', stars: 100},
	{
		sky: ['#071a1c', '#0f4a4a', '#3fa58c'],
		wall: '#0c1e22',
		windows: ['#ff5fa2', '#4ff0e0', '#ffe36a'],
		lit: 0.5,
		moon: '#e0fff4',
		stars: 250,
	},
	{
		sky: ['#5f9bd0', '#a9cde6', '#f0efe2'],
		wall: '#7d8794',
		windows: ['#cfe6f5', '#41566b', '#5f7890'],
		lit: 0.9,
		moon: '#fffbe8',
		stars: 0,
	},
	{
		sky: ['#1a1030', '#3b1f6b', '#a03fa0'],
		wall: '#160f2a',
		windows: ['#ff7ad9', '#7ad0ff', '#ffd27a'],
		lit: 0.45,
		moon: '#f7e6ff',
		stars: 250,
	},
	{
		sky: ['#e8a06a', '#f4c898', '#fdecd2'],
		wall: '#8a5f4a',
		windows: ['#fff4d8', '#6a4638', '#a87858'],
		lit: 0.85,
		moon: '#fffaf0',
		stars: 0,
	},
	{sky: ['#2a3440', '#56636e', '#98a2a6'], wall: '#2c353d', windows: ['#ffdf9a', '#e8f0f4'], lit: 0.25, moon: '#dfe6ea', stars: 0},
	{sky: ['#1f5a5f', '#6fb0a0', '#f0e0a8'], wall: '#2f4f50', windows: ['#ffe08a', '#d8f0e0'], lit: 0.35, moon: '#fff4c8', stars: 0},
	{
		sky: ['#2a0a10', '#6a141f', '#d03a2a'],
		wall: '#1f080c',
		windows: ['#ff9a5a', '#ffd0a0', '#ff5a4a'],
		lit: 0.5,
		moon: '#ffc8a0',
		stars: 80,
	},
	{
		sky: ['#f4c8d8', '#e8dcf0', '#d8ecf8'],
		wall: '#a8a0c0',
		windows: ['#ffffff', '#8880a8', '#c8d8f0'],
		lit: 0.9,
		moon: '#ffffff',
		stars: 0,
	},
];

/** A skyline in three rows; every other one stands at the water. */
export function paintCity(scene: Scene): void {
	const {canvas, random, variant} = scene;
	const mood = takeTurn(moods, variant);
	const colours = mood.sky.map(colour);
	const glow = colours.at(-1)!;
	const hasWater = variant % 2 === 0;
	const quay = hasWater ? random.between(0.68, 0.76) : 1;
	const moon = {
		x: random.between(0.1, 0.9) * canvas.aspect,
		y: random.between(0.08, 0.25),
		radius: random.between(0.03, 0.06),
		colour: colour(mood.moon),
		glow: 0.22,
	};
	const clouds = {lit: mix(glow, colours[1]!, 0.3), shade: mix(colours[0]!, colours[1]!, 0.6), cover: random.between(0.1, 0.5)};
	paintSky(scene, {colours, horizon: quay * 0.9, bottom: quay, sun: moon, clouds, stars: mood.stars});
	for (const nearness of [0.33, 0.67, 1]) {
		const wall = mix(mix(colours[1]!, glow, 0.5), colour(mood.wall), 0.35 + nearness * 0.65);
		paintRow(scene, {quay, nearness, wall, windows: mood.windows.map(colour), lit: mood.lit});
	}
	if (hasWater) paintWater(scene, {horizon: quay, colour: mix(colours[0]!, colour(mood.wall), 0.5), roughness: random.between(0.25, 0.6)});
}

interface Row {
	readonly quay: number;
	readonly nearness: number;
	readonly wall: Colour;
	readonly windows: readonly Colour[];
	/** Share of the windows with light in them. */
	readonly lit: number;
}

/** Houses wall to wall, higher around one centre. */
function paintRow(scene: Scene, row: Row): void {
	const {canvas, random} = scene;
	const centre = random.between(0.25, 0.75) * canvas.aspect;
	let left = -0.05;
	while (left < canvas.aspect) {
		const width = random.between(0.05, 0.11) * (0.7 + row.nearness * 0.7);
		const downtown = Math.exp(-(((left - centre) / 0.35) ** 2));
		const height = row.quay * (random.between(0.12, 0.3) + downtown * random.between(0.1, 0.4)) * (1.35 - row.nearness * 0.5);
		paintBuilding(scene, {...row, left, width, height});
		left += width + (random.index(4) === 0 ? random.between(0, 0.03) : 0);
	}
}

function paintBuilding({canvas, random}: Scene, {left, width, height, ...row}: Row & {left: number; width: number; height: number}): void {
	const top = row.quay - height;
	const tone = random.between(0.75, 1.3);
	const mastHeight = random.index(5) === 0 ? height * 0.25 : 0;
	const setback = random.index(3) === 0 ? {depth: height * 0.18, inset: width * 0.2} : {depth: 0, inset: 0};
	const light = createWindows({seed: random.index(1e6), cell: 0.011 + row.nearness * 0.007, light: random.pick(row.windows), row});
	draw(
		canvas,
		dot => {
			const across = dot.x - left;
			const down = dot.y - top;
			const inset = down < setback.depth ? setback.inset : 0;
			const inside = Math.min(across - inset, width - inset - across, down);
			const mast = Math.min(0.0022 - Math.abs(across - width / 2), down + mastHeight, mastHeight - 0.001);
			setInk(dot, row.wall);
			dimInk(dot, tone * (across < width * 0.32 ? 1.18 : 0.95) * (1.15 - 0.35 * (down / height)));
			if (inside > 0.005) light(dot, across, down);
			return edge(canvas, Math.max(inside, mast));
		},
		{left, right: left + width, top: top - mastHeight, bottom: row.quay},
	);
}

interface Windows {
	readonly seed: number;
	readonly cell: number;
	readonly light: Colour;
	readonly row: Row;
}

/** A grid of windows, of which each is dark or lit, more or less. */
function createWindows({seed, cell, light, row}: Windows): (dot: Parameters<typeof setInk>[0], across: number, down: number) => void {
	const storey = cell * 1.25;
	const strength = 0.5 + row.nearness * 0.5;
	return (dot, across, down) => {
		const column = Math.floor(across / cell);
		const floor = Math.floor(down / storey);
		const u = Math.abs(across / cell - column - 0.52);
		const v = Math.abs(down / storey - floor - 0.48);
		if (u > 0.3 || v > 0.28) return;
		const luck = hashCell(seed + column, floor);
		if (luck > row.lit) dimInk(dot, 0.75);
		else blendInk(dot, luck < row.lit * 0.7 ? light : row.windows[0]!, (0.35 + 0.65 * ((luck * 37) % 1)) * strength);
	};
}
