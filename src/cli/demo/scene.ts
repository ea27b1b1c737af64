import {createCanvas} from './canvas.ts';
import type {Canvas} from './canvas.ts';
import type {Noise} from './noise.ts';
import {createRandom} from './random.ts';
import {paintAurora} from './scenes/aurora.ts';
import {paintBalloons} from './scenes/balloons.ts';
import {paintCity} from './scenes/city.ts';
import {paintDesert} from './scenes/desert.ts';
import {paintFlowers} from './scenes/flowers.ts';
import {paintForest} from './scenes/forest.ts';
import {paintMountains} from './scenes/mountains.ts';
import {paintPlanet} from './scenes/planet.ts';
import {paintReef} from './scenes/reef.ts';
import type {Scene} from './scenes/scene.ts';
import {paintSea} from './scenes/sea.ts';

/** The families, in an order that puts unlike ones side by side. */
const families: readonly ((scene: Scene) => void)[] = [
	paintMountains,
	paintCity,
	paintFlowers,
	paintAurora,
	paintDesert,
	paintReef,
	paintForest,
	paintPlanet,
	paintBalloons,
	paintSea,
];

/** Paints picture k. The families take turns; each turn starts three further on, so that a contact sheet ten wide has no columns. */
export function paintScene({
	k,
	width,
	height,
	noise,
}: {
	readonly k: number;
	readonly width: number;
	readonly height: number;
	readonly noise: Noise;
}): Canvas {
	const canvas = createCanvas(width, height);
	const variant = Math.floor(k / families.length);
	const paint = families[(k + variant * 3) % families.length]!;
	paint({canvas, noise, random: createRandom(k + 1), variant});
	return canvas;
}
