import {clamp, draw} from '../canvas.ts';
import type {Colour} from '../canvas.ts';
import {blendInk, colour, dimInk, lightInk, mix, setInk} from '../colour.ts';
import {paintFirs} from './firs.ts';
import {paintLands, rockInk} from './land.ts';
import {createRidge, tabulate} from './ridge.ts';
import {takeTurn} from './scene.ts';
import type {Scene} from './scene.ts';
import {paintSky} from './sky.ts';
import {paintWater} from './water.ts';

const moods = [
	{sky: ['#03061a', '#0a1c38', '#1a4a50'], low: '#3dff9a', high: '#8a3cff', land: '#081018', snow: 0},
	{sky: ['#0a0618', '#1c1038', '#3a2a5a'], low: '#ff5fa8', high: '#4a5cff', land: '#0c0a18', snow: 0},
	{sky: ['#020a14', '#06283a', '#0e5a66'], low: '#3fe8ff', high: '#2f7aff', land: '#cfe0ee', snow: 0.8},
	{sky: ['#06140f', '#0c3326', '#2f6a48'], low: '#b8ff5a', high: '#1fbf8a', land: '#9fc4b4', snow: 0.6},
	{sky: ['#12040f', '#3a0c22', '#7a2a30'], low: '#ff6a3d', high: '#d02fb0', land: '#120a10', snow: 0},
	{sky: ['#0a1030', '#1a2a5a', '#4a5a8a'], low: '#e8f0ff', high: '#5f8fff', land: '#b8c8e0', snow: 0.7},
	{sky: ['#040410', '#10102a', '#2a2a40'], low: '#ffd84f', high: '#3fd06a', land: '#0a0a10', snow: 0},
	{sky: ['#001018', '#003038', '#006058'], low: '#5fffd8', high: '#ff5fd0', land: '#00181c', snow: 0},
	{sky: ['#14142a', '#3a3a6a', '#8a7aa8'], low: '#c88aff', high: '#ff8ac8', land: '#d8d0f0', snow: 0.9},
	{sky: ['#0a0f04', '#1f3010', '#5a6a2a'], low: '#f0ff8a', high: '#ff8a3f', land: '#0c1206', snow: 0},
];

/** Northern lights over firs, mirrored in a lake every other time. */
export function paintAurora(scene: Scene): void {
	const {canvas, random, variant} = scene;
	const mood = takeTurn(moods, variant);
	const colours = mood.sky.map(colour);
	const haze = colours[2]!;
	const low = colour(mood.low);
	const land = colour(mood.land);
	const hasLake = variant % 2 === 0;
	const shore = hasLake ? random.between(0.62, 0.72) : 0.8;
	paintSky(scene, {colours, horizon: shore, stars: 700});
	for (let curtain = 1 + random.index(3); curtain >= 0; curtain--) {
		paintCurtain(scene, {low, high: colour(mood.high), base: random.between(0.3, shore - 0.05)});
	}
	const far = createRidge(scene, {
		base: shore - 0.02,
		rise: random.between(0.08, 0.2),
		scale: random.between(0.12, 0.25),
		sharpness: 0.8,
	});
	const farInk = rockInk(scene, {colour: mix(colours[1]!, land, 0.3), haze, distance: 0.1, scale: 0.5});
	paintLands(canvas, [{ridge: far, ink: farInk}]);
	if (hasLake) paintWater(scene, {horizon: shore, colour: colours[0]!, roughness: random.between(0.08, 0.3)});
	const bank = createRidge(scene, {base: hasLake ? 1 : 0.87, rise: 0.08, scale: 0.2, sharpness: 0.1});
	const bankInk = rockInk(scene, {colour: mix(land, low, 0.04 + mood.snow * 0.25), haze: colours[1]!, distance: 0.05, scale: 0.5});
	paintLands(canvas, [{ridge: bank, ink: bankInk}]);
	const spacing = random.between(0.05, 0.16);
	paintFirs(scene, {ridge: bank, height: random.between(0.15, 0.36), colour: [0.03, 0.06, 0.07], spacing, snow: mood.snow});
}

/** A curtain of light: sharp below, fading upwards, in folds. */
function paintCurtain({canvas, noise, random}: Scene, {low, high, base}: {low: Colour; high: Colour; base: number}): void {
	const u = random.between(0, 1);
	const v = random.between(0, 1);
	const reach = random.between(0.14, 0.34);
	const slant = random.between(-0.25, 0.25);
	const foot = tabulate(
		x => base + (x - canvas.aspect / 2) * slant + (noise(u + x * 0.16, v) - 0.5) * 0.5 + Math.sin(x * 5 + u * 9) * 0.03,
	);
	draw(canvas, dot => {
		const up = foot(dot.x) - dot.y;
		if (up < -0.05 || up > reach * 5) return 0;
		const folds = noise(u + dot.x * 0.9 + up * 0.03, v + 0.3);
		const rays = noise(u + dot.x * 3, v + 0.6 + up * 0.05);
		const fade = up < 0 ? 1 + up / 0.05 : Math.exp(-up / (reach * (0.5 + folds)));
		const strength = fade * clamp(folds * 1.7 - 0.35) * (0.55 + rays * 0.7);
		setInk(dot, low);
		blendInk(dot, high, clamp(up / reach));
		if (strength > 0.7) lightInk(dot, [1, 1, 1], (strength - 0.7) * 0.6);
		dimInk(dot, 1.1);
		return clamp(strength * 0.9);
	});
}
