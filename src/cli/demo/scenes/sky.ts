import {clamp, draw, ease, length} from '../canvas.ts';
import type {Colour, Dot} from '../canvas.ts';
import {blendInk, createRamp, lightInk, setInk} from '../colour.ts';
import type {Scene} from './scene.ts';

/** A sun or a moon. */
export interface Sun {
	readonly x: number;
	readonly y: number;
	readonly radius: number;
	readonly colour: Colour;
	/** How far its light reaches into the sky: 0 none, 1 far. */
	readonly glow: number;
}

interface Clouds {
	readonly lit: Colour;
	readonly shade: Colour;
	/** Share of the sky that they hide, 0 to 1. */
	readonly cover: number;
}

export interface Sky {
	/** From the zenith to the horizon. */
	readonly colours: readonly Colour[];
	readonly horizon: number;
	/** Where the land surely begins: nothing is painted below it. */
	readonly bottom?: number;
	readonly sun?: Sun;
	readonly clouds?: Clouds;
	readonly stars?: number;
}

/** Paints air, stars, sun and clouds, in this order. */
export function paintSky(scene: Scene, {colours, horizon, bottom = 1, sun, clouds, stars}: Sky): void {
	const ramp = createRamp(colours);
	draw(
		scene.canvas,
		dot => {
			ramp(dot, dot.y / horizon);
			if (sun) addGlow(dot, sun);
			return 1;
		},
		{bottom},
	);
	if (stars) paintStars(scene, {count: stars, horizon});
	if (sun) paintSun(scene, sun);
	if (clouds) paintClouds(scene, {...clouds, horizon});
}

function addGlow(dot: Dot, {x, y, radius, colour, glow}: Sun): void {
	const away = length(dot.x - x, (dot.y - y) * 1.3) / (radius + 0.02);
	lightInk(dot, colour, glow * (0.55 / (1 + away * away * 0.12) + 0.25 / (1 + away * 0.35)));
}

function paintSun({canvas}: Scene, {x, y, radius, colour}: Sun): void {
	const reach = radius * 1.1;
	draw(
		canvas,
		dot => {
			setInk(dot, colour);
			lightInk(dot, colour, 0.25);
			return 1 - ease((length(dot.x - x, dot.y - y) / radius - 0.92) / 0.12);
		},
		{left: x - reach, right: x + reach, top: y - reach, bottom: y + reach},
	);
}

/** Clouds lie on a plane above us, so they flatten towards the horizon. */
function paintClouds({canvas, noise, random}: Scene, {lit, shade, cover, horizon}: Clouds & {horizon: number}): void {
	const u = random.between(0, 1);
	const v = random.between(0, 1);
	const scale = random.between(0.1, 0.2);
	const threshold = 0.72 - cover * 0.5;
	draw(
		canvas,
		dot => {
			const away = scale / (horizon * 1.12 - dot.y + 0.03);
			const x = u + (dot.x - canvas.aspect / 2) * away;
			const y = v + away * 0.8;
			const thickness = noise(x, y);
			const density = ease((thickness - threshold) / 0.26);
			if (density === 0) return 0;
			setInk(dot, shade);
			blendInk(dot, lit, clamp(0.6 + (thickness - noise(x + 0.008, y - 0.02)) * 3 - (density - 0.5) * 0.35));
			return density * ease((horizon - dot.y) / 0.12) * 0.95;
		},
		{bottom: horizon},
	);
}

export function paintStars({canvas, random}: Scene, {count, horizon}: {count: number; horizon: number}): void {
	for (let star = 0; star < count; star++) {
		const x = random.between(0, canvas.aspect);
		const y = random.between(0, horizon);
		const size = 0.0006 + 0.002 * random.between(0, 1) ** 5;
		const warmth = random.between(0, 0.2);
		const brightness = random.between(0.3, 1);
		draw(
			canvas,
			dot => {
				setInk(dot, [0.9 + warmth, 0.95, 1.1 - warmth]);
				return (1 - ease((length(dot.x - x, dot.y - y) / size - 0.4) / 1.6)) * brightness;
			},
			{left: x - size * 2, right: x + size * 2, top: y - size * 2, bottom: y + size * 2},
		);
	}
}
