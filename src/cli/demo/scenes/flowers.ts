import {clamp, draw, ease, edge, length} from '../canvas.ts';
import type {Colour} from '../canvas.ts';
import {blendInk, colour, dimInk, mix, setInk} from '../colour.ts';
import {paintLands, rockInk} from './land.ts';
import {createRidge} from './ridge.ts';
import {takeTurn} from './scene.ts';
import type {Scene} from './scene.ts';
import {paintSky} from './sky.ts';

const moods = [
	{sky: ['#3c8fd6', '#a6d3f2', '#eef6f2'], field: '#4f7f2a', petals: ['#e0261f', '#f04a2a', '#c9151a'], heart: '#1a1210', lobes: 5},
	{sky: ['#f2a15f', '#f9cf8f', '#fff0cf'], field: '#5f7a2a', petals: ['#f7c51e', '#ffb300', '#f9d94a'], heart: '#4a2a12', lobes: 16},
	{sky: ['#6a78c0', '#b8b0dd', '#f4dfe0'], field: '#5a5a8a', petals: ['#7a4fc0', '#9a6fe0', '#5f3aa8'], heart: '#c9a0ff', lobes: 6},
	{sky: ['#62b8d8', '#bfe6ec', '#f6faf0'], field: '#5fa03f', petals: ['#ffffff', '#f6f6ff', '#ffeef4'], heart: '#f4c020', lobes: 12},
	{
		sky: ['#7fa8c0', '#c5d8dc', '#f0ece0'],
		field: '#3f7a3a',
		petals: ['#ff5f9a', '#ffd23f', '#8f4fd0', '#ff8a3c', '#ffffff'],
		heart: '#ffe9a0',
		lobes: 8,
	},
	{sky: ['#2a2a55', '#a8507a', '#ff9f6a'], field: '#2f3a2a', petals: ['#3f6fe0', '#5f8fff', '#2f4fb0'], heart: '#dfe8ff', lobes: 7},
	{sky: ['#4a5a66', '#93a1a4', '#d8dad2'], field: '#3a5f4a', petals: ['#f27a9c', '#f8b4c4', '#d94f7a'], heart: '#fff2b0', lobes: 5},
	{sky: ['#f0c8a0', '#f8e0c0', '#fff4e0'], field: '#6a7a3a', petals: ['#ff7a2f', '#ff9a4a', '#e8581f'], heart: '#5a1f0a', lobes: 9},
	{sky: ['#0f5aa8', '#4fa0d8', '#c8e8f4'], field: '#8a9a3f', petals: ['#fff27a', '#f8e04a', '#ffffff'], heart: '#d88a1f', lobes: 6},
	{sky: ['#3a1a4a', '#7a4a8a', '#d8a0c0'], field: '#2a3a4a', petals: ['#f0f0ff', '#c8d0ff', '#e8b8ff'], heart: '#7a5ad0', lobes: 10},
];

/** A field in bloom under a wide sky: strips of colour far away, single flowers near. */
export function paintFlowers(scene: Scene): void {
	const {canvas, random, variant} = scene;
	const mood = takeTurn(moods, variant);
	const colours = mood.sky.map(colour);
	const horizon = random.between(0.22, 0.5);
	const field = colour(mood.field);
	const petals = mood.petals.map(colour);
	paintSky(scene, {
		colours,
		horizon,
		bottom: horizon + 0.02,
		sun: {
			x: random.between(0.1, 0.9) * canvas.aspect,
			y: horizon * random.between(0.3, 0.8),
			radius: 0.03,
			colour: colour('#fff6dc'),
			glow: 0.5,
		},
		clouds: {lit: [1, 0.99, 0.97], shade: mix(colours[0]!, colours[2]!, 0.6), cover: random.between(0.2, 0.6)},
	});
	const ridge = createRidge(scene, {base: horizon - 0.01, rise: 0.07, scale: 0.2, sharpness: 0.2});
	const ink = rockInk(scene, {colour: mix(field, colours[1]!, 0.35), haze: colours[2]!, distance: 0.3, scale: 0.8});
	paintLands(canvas, [{ridge, ink}], horizon + 0.02);
	paintField(scene, {horizon, field, petals});
	paintBlossoms(scene, {horizon, field, petals, heart: colour(mood.heart), lobes: mood.lobes});
}

interface Field {
	readonly horizon: number;
	readonly field: Colour;
	readonly petals: readonly Colour[];
}

/** In rows towards a vanishing point, or in patches. */
function paintField({canvas, noise, random}: Scene, {horizon, field, petals}: Field): void {
	const u = random.between(0, 1);
	const v = random.between(0, 1);
	const isInRows = random.index(2) === 0;
	const vanishing = random.between(0.2, 0.8) * canvas.aspect;
	draw(
		canvas,
		dot => {
			const depth = dot.y - horizon;
			const away = 1 / (depth + 0.02);
			const across = (dot.x - vanishing) * away;
			// 240 keeps the number positive: `%` of a negative one is negative.
			const row = across * 0.6 + 240;
			const grass = noise(u + across * 0.5, v + away * 0.6);
			const strip = isInRows ? Math.abs((row % 1) - 0.5) * 2 : noise(u + across * 0.06, v + away * 0.1) + 0.1;
			const bloom = ease((strip + (grass - 0.5) * 0.5 - 0.42) / 0.18) * clamp(1.15 - depth * 1.1);
			const shade = 0.6 + noise(v + across * 0.9, u + away) * 0.7;
			setInk(dot, petals[Math.floor((row + 0.25) % petals.length)]!);
			dimInk(dot, shade);
			blendInk(dot, field, 1 - bloom * 0.85);
			dimInk(dot, bloom + (1 - bloom) * (0.55 + grass * 0.85));
			return 1;
		},
		{top: horizon + 0.005},
	);
}

interface Blossoms extends Field {
	readonly heart: Colour;
	readonly lobes: number;
}

const BLOSSOMS = 260;

/** From far to near, so that near ones cover far ones. */
function paintBlossoms(scene: Scene, {horizon, field, petals, heart, lobes}: Blossoms): void {
	const {canvas, random} = scene;
	for (let flower = 0; flower < BLOSSOMS; flower++) {
		const nearness = (flower / BLOSSOMS) ** 1.6;
		const foot = horizon + 0.04 + nearness * (1.04 - horizon);
		const radius = (0.004 + nearness * 0.062) * random.between(0.75, 1.2);
		const x = random.between(-0.03, canvas.aspect + 0.03);
		const y = foot - radius * 2.5;
		paintStem(scene, {x, top: y, foot: foot + radius, width: radius * 0.07, ink: field});
		paintBlossom(scene, {x, y, radius, petal: random.pick(petals), heart, lobes});
	}
}

interface Stem {
	readonly x: number;
	readonly top: number;
	readonly foot: number;
	readonly width: number;
	readonly ink: Colour;
}

function paintStem({canvas}: Scene, {x, top, foot, width, ink}: Stem): void {
	draw(
		canvas,
		dot => {
			setInk(dot, ink);
			dimInk(dot, 0.8);
			return edge(canvas, width - Math.abs(dot.x - x - Math.sin((dot.y - top) * 20) * width));
		},
		{left: x - width * 2 - 0.002, right: x + width * 2 + 0.002, top, bottom: foot},
	);
}

interface Blossom {
	readonly x: number;
	readonly y: number;
	readonly radius: number;
	readonly petal: Colour;
	readonly heart: Colour;
	readonly lobes: number;
}

function paintBlossom({canvas, random}: Scene, {x, y, radius, petal, heart, lobes}: Blossom): void {
	const turn = random.between(0, Math.PI);
	const squash = random.between(0.6, 1);
	draw(
		canvas,
		dot => {
			const px = (dot.x - x) / radius;
			const py = (dot.y - y) / (radius * squash);
			const away = length(px, py);
			if (away > 1.1) return 0;
			const lobe = Math.abs(Math.cos(((Math.atan2(py, px) + turn) * lobes) / 2));
			if (away < 0.3) {
				setInk(dot, heart);
				dimInk(dot, 1.15 - away * 1.5);
			} else {
				setInk(dot, petal);
				dimInk(dot, 0.62 + away * 0.4 + lobe * 0.16 - py * 0.12);
			}
			return edge(canvas, (0.62 + 0.38 * Math.sqrt(lobe) - away) * radius);
		},
		{left: x - radius, right: x + radius, top: y - radius, bottom: y + radius},
	);
}
