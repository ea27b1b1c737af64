import {clamp, draw, edge} from '../canvas.ts';
import type {Colour, Dot} from '../canvas.ts';
import {blendInk, colour, dimInk, mix, setInk} from '../colour.ts';
import {paintLands, rockInk} from './land.ts';
import {createRidge} from './ridge.ts';
import {takeTurn} from './scene.ts';
import type {Scene} from './scene.ts';
import {paintSky} from './sky.ts';

const moods = [
	{sky: ['#2c86d1', '#8cc6ee', '#e6f3f7'], land: '#5d8a3c', cloth: ['#d93a2b', '#f6d32e', '#2a5ea8', '#ffffff']},
	{sky: ['#4b4a86', '#d98a9a', '#ffd7a0'], land: '#7a5a4a', cloth: ['#ef6f4a', '#fbe3b0', '#6b2d5c', '#f2a93b']},
	{sky: ['#9ec9d8', '#cfe3dd', '#fbeed5'], land: '#c9a06a', cloth: ['#19707a', '#f4f1e6', '#e0533d', '#e9b949']},
	{sky: ['#f5b58a', '#f9d5a8', '#fff0d0'], land: '#a8583a', cloth: ['#7a1f3d', '#f7c948', '#234f6b', '#fdf6e3']},
	{sky: ['#6fb8a8', '#b8e0c8', '#f4f7d8'], land: '#3f6b3a', cloth: ['#8e2fa0', '#ff8fc0', '#3fd0c0', '#ffe066']},
	{sky: ['#1a2550', '#4a4f8a', '#c58aa0'], land: '#2a2f4a', cloth: ['#ff7a3c', '#ffd36a', '#e03f5f', '#fff0c0']},
	{sky: ['#5f7f9a', '#a8bcc8', '#e2e8e8'], land: '#f0f4f8', cloth: ['#c01f2f', '#ffffff', '#1f2f4f', '#e0b040']},
	{sky: ['#d05f4a', '#f0a070', '#fce0b0'], land: '#5a3a2f', cloth: ['#1f2a4a', '#f4e0b0', '#3a7a7a', '#ffffff']},
	{sky: ['#0f4fa0', '#3f8ad8', '#a8d8f0'], land: '#c88a3f', cloth: ['#ff4f8a', '#ffe04a', '#ff8a2f', '#ffffff']},
	{sky: ['#b8b0e0', '#d8c8f0', '#f4e8f8'], land: '#6a7aa0', cloth: ['#3a2f7a', '#c8a0ff', '#ff9ac0', '#ffffff']},
];

/** Few large balloons or many small ones over hills. */
export function paintBalloons(scene: Scene): void {
	const {canvas, random, variant} = scene;
	const mood = takeTurn(moods, variant);
	const colours = mood.sky.map(colour);
	const air = colours[1]!;
	paintSky(scene, {
		colours,
		horizon: 0.82,
		sun: {x: random.between(0.1, 0.9) * canvas.aspect, y: random.between(0.45, 0.7), radius: 0.03, colour: colour('#fff6d8'), glow: 0.4},
		clouds: {lit: [1, 0.98, 0.95], shade: mix(air, colours[2]!, 0.4), cover: random.between(0.2, 0.6)},
	});
	const hills = [0.3, 0.65, 1].map(nearness => ({
		ridge: createRidge(scene, {base: 0.72 + nearness * 0.16, rise: 0.12, scale: 0.16, sharpness: random.between(0, 0.5)}),
		ink: rockInk(scene, {colour: colour(mood.land), haze: colours[2]!, distance: 0.75 - nearness * 0.7, scale: 0.7}),
	}));
	paintLands(canvas, hills);
	paintFleet(scene, {count: takeTurn([5, 3, 8, 1, 12, 2], variant), cloth: mood.cloth.map(colour), air});
}

/** From far and small to near and large, spread by the golden ratio so that they seldom meet. */
function paintFleet(scene: Scene, {count, cloth, air}: {count: number; cloth: readonly Colour[]; air: Colour}): void {
	const {canvas, random} = scene;
	const largest = Math.min(0.3, 0.36 / Math.sqrt(count));
	for (let balloon = 1; balloon <= count; balloon++) {
		const radius = largest * (0.35 + (0.65 * balloon) / count);
		const x = ((balloon * 0.618 + random.between(0, 0.2)) % 1) * (canvas.aspect - radius * 2) + radius;
		const distance = 0.35 * (1 - balloon / count);
		const inks = cloth.map(ink => mix(ink, air, distance));
		paintBalloon(scene, {
			x,
			y: random.between(radius + 0.04, 0.62 - radius * 0.6),
			radius,
			inks,
			wicker: mix([0.36, 0.22, 0.12], air, distance),
		});
	}
}

interface Balloon {
	readonly x: number;
	readonly y: number;
	readonly radius: number;
	readonly inks: readonly Colour[];
	readonly wicker: Colour;
}

function paintBalloon({canvas, random}: Scene, {x, y, radius, inks, wicker}: Balloon): void {
	const setCloth = clothInk(random, inks);
	draw(
		canvas,
		dot => {
			const px = (dot.x - x) / radius;
			const py = (dot.y - y) / radius;
			const half = py < 0 ? Math.sqrt(Math.max(0, 1 - py * py)) : Math.max(0, Math.cos(Math.min(py, 1.3) * 1.05)) ** 0.8;
			const envelope = py < 1.25 ? Math.min(half - Math.abs(px), py + 1, 1.25 - py) : -1;
			const basket = Math.min(0.12 - Math.abs(px), py - 1.48, 1.68 - py);
			const ropes = Math.min(0.012 - Math.abs(Math.abs(px) - 0.11 - (1.48 - py) * 0.25), py - 1.2, 1.5 - py);
			if (envelope > Math.max(basket, ropes)) {
				const longitude = Math.asin(clamp(Math.abs(px) / (half + 1e-6))) * Math.sign(px);
				setCloth(dot, longitude / Math.PI + 0.5, py);
				dimInk(dot, 1.08 - (px * 0.3 + py * 0.22) - (px * px + py * py) * 0.14);
			} else {
				setInk(dot, wicker);
			}
			return edge(canvas, Math.max(envelope, basket, ropes) * radius);
		},
		{left: x - radius, right: x + radius, top: y - radius, bottom: y + radius * 1.7},
	);
}

/** Stripes from pole to pole, sometimes twisted, sometimes with a belt. */
function clothInk(random: Scene['random'], inks: readonly Colour[]): (dot: Dot, around: number, down: number) => void {
	const first = random.index(inks.length);
	const [even, odd, belt] = [0, 1, 2].map(stripe => inks[(first + stripe) % inks.length]!);
	const gores = random.pick([8, 12, 16]);
	const twist = random.pick([0, 0, 1.2, 2.5]);
	const hasBelt = random.index(3) === 0;
	return (dot, around, down) => {
		const stripe = around * (gores / 2) + twist * down;
		setInk(dot, even!);
		// A steep sine: stripes with a soft edge.
		blendInk(dot, odd!, clamp(0.5 - Math.sin(stripe * Math.PI) * 8));
		if (hasBelt && down > 0.1 && down < 0.45) setInk(dot, belt!);
		const seam = Math.abs(((around * gores + twist * 2 * down + 40) % 1) - 0.5);
		dimInk(dot, 1 - seam * 0.16);
	};
}
