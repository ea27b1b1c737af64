import type {Colour} from '../canvas.ts';
import {colour, mix} from '../colour.ts';
import {paintFirs} from './firs.ts';
import {paintLands, rockInk} from './land.ts';
import type {Land} from './land.ts';
import {createRidge} from './ridge.ts';
import {takeTurn} from './scene.ts';
import type {Scene} from './scene.ts';
import {paintSky} from './sky.ts';
import {paintWater} from './water.ts';

const moods = [
	{sky: ['#2f6fb5', '#7fb2dd', '#dcebf5'], rock: '#5f6672', snow: true, near: '#1f3a2a', sun: '#fff6dd', water: '#2b5d6e'},
	{sky: ['#3b2a5c', '#b4526b', '#ffb56b'], rock: '#5b3a52', snow: false, near: '#1d1426', sun: '#ffd9a0', water: '#43304f'},
	{sky: ['#8aa0ad', '#b9c6cc', '#e3e8e6'], rock: '#4d6068', snow: false, near: '#22373b', sun: '#ffffff', water: '#51676c'},
	{sky: ['#0f1d3f', '#27457d', '#5f88b8'], rock: '#34466b', snow: true, near: '#0b1526', sun: '#e8f0ff', water: '#14294d'},
	{sky: ['#5aa9c9', '#b7dccd', '#fbe7b8'], rock: '#6d7a4f', snow: false, near: '#33501f', sun: '#fff3c4', water: '#3c7d78'},
	{sky: ['#e0805f', '#f2b48a', '#fbe3c8'], rock: '#9a4f3f', snow: false, near: '#4b2020', sun: '#fff0d0', water: '#a8664f'},
	{sky: ['#7d5fa8', '#e8a0b4', '#ffe0d0'], rock: '#8a7390', snow: true, near: '#3d3350', sun: '#ffe8dc', water: '#6d5a86'},
	{sky: ['#14506a', '#3fa0a0', '#c8ecd0'], rock: '#3f6a66', snow: true, near: '#123430', sun: '#f4fff0', water: '#0f5a5f'},
	{sky: ['#c8b8a0', '#e0d0b8', '#f4ead8'], rock: '#8a7458', snow: false, near: '#54452f', sun: '#fffaf0', water: '#a08c6a'},
	{sky: ['#1a0f2a', '#5a1f4a', '#e0483f'], rock: '#3a1a34', snow: false, near: '#12081a', sun: '#ffb080', water: '#2a1030'},
];

/** Ranges behind ranges, firs in front, and most often a lake between them. */
export function paintMountains(scene: Scene): void {
	const {canvas, random, variant} = scene;
	const mood = takeTurn(moods, variant);
	const colours = mood.sky.map(colour);
	const haze = colours.at(-1)!;
	const near = colour(mood.near);
	const hasLake = variant % 3 !== 1;
	const shore = hasLake ? random.between(0.66, 0.74) : 1;
	paintSky(scene, {
		colours,
		horizon: 0.7,
		bottom: 0.75,
		sun: {
			x: random.between(0.15, 0.85) * canvas.aspect,
			y: random.between(0.12, 0.34),
			radius: random.between(0.025, 0.05),
			colour: colour(mood.sun),
			glow: 0.55,
		},
		clouds: {lit: mix(colour(mood.sun), haze, 0.2), shade: mix(colours[1]!, haze, 0.3), cover: random.between(0.2, 0.65)},
	});
	paintLands(canvas, createRanges(scene, {rock: colour(mood.rock), near, haze, isSnowy: mood.snow}), shore + 0.01);
	if (hasLake) paintWater(scene, {horizon: shore, colour: colour(mood.water), roughness: random.between(0.04, 0.35)});
	const bank = createRidge(scene, {base: hasLake ? 0.99 : 0.88, rise: 0.1, scale: 0.2, sharpness: 0.2});
	paintLands(canvas, [{ridge: bank, ink: rockInk(scene, {colour: near, haze, distance: 0, scale: 0.9})}]);
	paintFirs(scene, {ridge: bank, height: random.between(0.14, 0.3), colour: near, spacing: random.between(0.03, 0.2)});
}

interface Ranges {
	readonly rock: Colour;
	readonly near: Colour;
	readonly haze: Colour;
	readonly isSnowy: boolean;
}

function createRanges(scene: Scene, {rock, near, haze, isSnowy}: Ranges): readonly Land[] {
	const count = 3 + scene.random.index(3);
	return Array.from({length: count}, (_, range) => {
		const nearness = (range + 1) / count;
		const ridge = createRidge(scene, {
			base: 0.36 + nearness * 0.22,
			rise: 0.4 - nearness * 0.16,
			scale: 0.09 + nearness * 0.08,
			sharpness: isSnowy ? 0.85 : scene.random.between(0.25, 0.8),
		});
		const ink = rockInk(scene, {
			colour: mix(rock, near, nearness * 0.7),
			haze,
			distance: 0.75 - nearness * 0.7,
			scale: 0.35,
			...(isSnowy && nearness < 1 && {snow: {colour: colour('#f4f7fc'), line: 0.36 + nearness * 0.16}}),
		});
		return {ridge, ink};
	});
}
