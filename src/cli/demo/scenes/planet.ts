import {clamp, draw, ease, edge, length} from '../canvas.ts';
import type {Colour} from '../canvas.ts';
import {colour, createRamp, dimInk, lightInk, mix, setInk} from '../colour.ts';
import {takeTurn} from './scene.ts';
import type {Scene} from './scene.ts';
import {paintStars} from './sky.ts';

const moods = [
	{nebula: ['#0a0a1e', '#3a1f6a', '#c0508a'], planet: ['#c98a4a', '#f0d8a8', '#8a4a2a'], air: '#ffd8a0', isGas: true},
	{nebula: ['#02060f', '#0a2a4a', '#2a8aa0'], planet: ['#0f3f8a', '#2f8f4f', '#e8dcb0'], air: '#8ac8ff', isGas: false},
	{nebula: ['#0c0408', '#4a0f1a', '#d0582a'], planet: ['#5a1a10', '#c04a20', '#ffb060'], air: '#ff8a5a', isGas: false},
	{nebula: ['#030a0a', '#0f3a30', '#4fb080'], planet: ['#5fc8d0', '#c8f0f0', '#2f6fa0'], air: '#c0ffff', isGas: true},
	{nebula: ['#050508', '#1a1a2a', '#4a4a6a'], planet: ['#6a6a70', '#b8b8b4', '#3a3a40'], air: '#404048', isGas: false},
	{nebula: ['#0a0420', '#2a1a8a', '#5a8aff'], planet: ['#7a2fa0', '#e080d0', '#3a1a6a'], air: '#f0a0ff', isGas: true},
	{nebula: ['#0a0802', '#4a3a10', '#d0a83f'], planet: ['#1f4f4a', '#6fb08a', '#e0f0c0'], air: '#c0ffb0', isGas: false},
	{nebula: ['#100010', '#5a0a4a', '#ff4fa8'], planet: ['#2a8ab0', '#e0f4ff', '#0f3a6a'], air: '#a0e8ff', isGas: false},
	{nebula: ['#001014', '#00505a', '#a0f0d0'], planet: ['#e06a3a', '#ffd08a', '#a02f2a'], air: '#ffc890', isGas: true},
	{nebula: ['#0a0a0a', '#3a2f2a', '#b08a6a'], planet: ['#e8e0d0', '#b8a890', '#fffaf0'], air: '#ffffff', isGas: false},
];

/** A planet before a nebula, with a ring or without, and a moon. */
export function paintPlanet(scene: Scene): void {
	const {canvas, random, variant} = scene;
	const mood = takeTurn(moods, variant);
	const inks = mood.planet.map(colour);
	paintNebula(scene, mood.nebula.map(colour));
	paintStars(scene, {count: 900, horizon: 1});
	const radius = takeTurn([0.26, 0.4, 0.18, 0.33, 0.6], variant) * random.between(0.9, 1.1);
	const place = {
		x: random.between(0.3, 0.7) * canvas.aspect,
		y: radius > 0.5 ? 1.1 : random.between(0.4, 0.6),
		radius,
		tilt: random.between(-0.5, 0.5),
	};
	const ring = {...place, ink: mix(inks[1]!, [0.8, 0.75, 0.7], 0.4)};
	if (mood.isGas) paintRing(scene, {...ring, isFront: false});
	paintGlobe(scene, {...place, inks, air: colour(mood.air), isBanded: mood.isGas});
	if (mood.isGas) paintRing(scene, {...ring, isFront: true});
	paintGlobe(scene, {
		x: place.x + random.pick([-1, 1]) * radius * 1.5,
		y: random.between(0.12, 0.3),
		radius: radius * random.between(0.12, 0.25),
		tilt: 0,
		inks: ['#807a75', '#bfbab2', '#595754'].map(colour),
		air: [0.1, 0.1, 0.1],
		isBanded: false,
	});
}

function paintNebula({canvas, noise, random}: Scene, colours: readonly Colour[]): void {
	const ramp = createRamp(colours);
	const u = random.between(0, 1);
	const v = random.between(0, 1);
	const slope = random.between(-0.6, 0.6);
	draw(canvas, dot => {
		const warp = noise(u + dot.x * 0.15, v + dot.y * 0.15);
		const gas = noise(u + dot.x * 0.25 + warp * 0.2, v + dot.y * 0.25 - warp * 0.2);
		const band = Math.abs(dot.y - 0.5 - (dot.x - canvas.aspect / 2) * slope + (warp - 0.5) * 0.5);
		const dust = ease((noise(v + dot.x * 0.5, u + dot.y * 0.5 + warp * 0.2) - 0.55) / 0.25);
		ramp(dot, clamp(gas * 1.5 - 0.3 - band * 0.9));
		dimInk(dot, 1 - dust * 0.5);
		return 1;
	});
}

interface Place {
	readonly x: number;
	readonly y: number;
	readonly radius: number;
	/** Of the axis, in radians. */
	readonly tilt: number;
}

interface Globe extends Place {
	readonly inks: readonly Colour[];
	readonly air: Colour;
	readonly isBanded: boolean;
}

/** A sphere lit from the upper left, with a rim of air. */
function paintGlobe({canvas, noise, random}: Scene, {x, y, radius, tilt, inks, air, isBanded}: Globe): void {
	const ramp = createRamp(inks);
	const u = random.between(0, 1);
	const v = random.between(0, 1);
	const cos = Math.cos(tilt);
	const sin = Math.sin(tilt);
	draw(
		canvas,
		dot => {
			const dx = (dot.x - x) / radius;
			const dy = (dot.y - y) / radius;
			const away = length(dx, dy);
			if (away > 1.1) return 0;
			const z = Math.sqrt(Math.max(0, 1 - away * away));
			const longitude = u + Math.atan2(dx * cos + dy * sin, z + 0.05) * 0.25;
			const latitude = v + Math.asin(Math.max(-1, Math.min(1, dy * cos - dx * sin))) * 0.25;
			const swirl = noise(longitude, latitude * 2) - 0.5;
			ramp(dot, isBanded ? noise(u + swirl * 0.03, latitude * 1.4 + swirl * 0.05) * 1.6 - 0.3 : noise(longitude, latitude) * 1.8 - 0.4);
			const light = clamp(-dx * 0.55 - dy * 0.45 + z * 0.6 + 0.05);
			dimInk(dot, 0.04 + light * 1.25 + swirl * 0.2 * light);
			lightInk(dot, air, (1 - z) ** 3 * light * 0.9);
			return edge(canvas, (1 - away) * radius);
		},
		{left: x - radius, right: x + radius, top: y - radius, bottom: y + radius},
	);
}

interface Ring extends Place {
	readonly ink: Colour;
	/** The half before the planet or the one behind it. */
	readonly isFront: boolean;
}

function paintRing({canvas, noise}: Scene, {x, y, radius, tilt, ink, isFront}: Ring): void {
	const cos = Math.cos(tilt);
	const sin = Math.sin(tilt);
	draw(
		canvas,
		dot => {
			const dx = (dot.x - x) / radius;
			const dy = (dot.y - y) / radius;
			const down = dy * cos - dx * sin;
			const away = length(dx * cos + dy * sin, down / 0.26);
			if (isFront !== down > 0 || away < 1.3 || away > 2.1) return 0;
			setInk(dot, ink);
			dimInk(dot, 0.5 + noise(away * 0.4, 0.5) * 0.9);
			const rims = ease((away - 1.3) / 0.04) * (1 - ease((away - 2.05) / 0.05));
			return rims * clamp(noise(away * 0.55, 0.2) * 1.6 - 0.1) * 0.9;
		},
		{left: x - radius * 2.2, right: x + radius * 2.2, top: y - radius * 1.6, bottom: y + radius * 1.6},
	);
}
