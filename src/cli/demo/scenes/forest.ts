import {clamp, draw, ease, edge, length} from '../canvas.ts';
import type {Colour} from '../canvas.ts';
import {colour, dimInk, lightInk, mix, setInk} from '../colour.ts';
import {takeTurn} from './scene.ts';
import type {Scene} from './scene.ts';

const moods = [
	{fog: '#dfe9c9', leaf: '#4f8a2f', trunk: '#3a2f25', floor: '#5d7a34', isBirch: false},
	{fog: '#ffe2a8', leaf: '#d9772a', trunk: '#33231c', floor: '#a85a24', isBirch: false},
	{fog: '#cfdde4', leaf: '#3d5f63', trunk: '#23303a', floor: '#37505a', isBirch: false},
	{fog: '#dfe8f2', leaf: '#f2f6fa', trunk: '#3c3a42', floor: '#f2f6fa', isBirch: true},
	{fog: '#fbe6c0', leaf: '#f0bf2e', trunk: '#e9e4da', floor: '#c9922e', isBirch: true},
	{fog: '#2f5a4a', leaf: '#123a2c', trunk: '#0b1a16', floor: '#0f2c20', isBirch: false},
	{fog: '#f6c9c9', leaf: '#e58fae', trunk: '#4b3038', floor: '#d4a0a8', isBirch: false},
	{fog: '#c2482f', leaf: '#7a1f18', trunk: '#1f0f12', floor: '#5a1f16', isBirch: false},
	{fog: '#a8c8f0', leaf: '#2f4fa0', trunk: '#101a3a', floor: '#1f3a6a', isBirch: false},
	{fog: '#f0f4c0', leaf: '#a8c83f', trunk: '#e8ecdc', floor: '#6fa02f', isBirch: true},
];

const LAYERS = 4;

interface Light {
	readonly fog: Colour;
	readonly x: number;
	readonly y: number;
}

/** Trunks that fade into lit fog, layer behind layer. */
export function paintForest(scene: Scene): void {
	const {canvas, random, variant} = scene;
	const mood = takeTurn(moods, variant);
	const fog = colour(mood.fog);
	const light = {fog, x: random.between(0.2, 0.8) * canvas.aspect, y: random.between(0.15, 0.4)};
	const density = random.between(0.6, 1.3);
	paintFog(scene, light);
	for (let layer = 1; layer <= LAYERS; layer++) {
		const nearness = layer / LAYERS;
		paintFloor(scene, {floor: mix(fog, colour(mood.floor), nearness), top: 0.6 + nearness * 0.12});
		const ink = mix(fog, colour(mood.trunk), 0.15 + nearness * 0.85);
		for (let count = (18 - layer * 3.2) * canvas.aspect * density; count > 0; count--) {
			const foot = 0.62 + nearness * random.between(0.1, 0.3);
			const width = (0.006 + nearness ** 2 * 0.05) * random.between(0.7, 1.3);
			paintTrunk(scene, {x: random.between(-0.02, 1.02) * canvas.aspect, foot, width, ink, isBirch: mood.isBirch});
		}
		if (layer < LAYERS) paintLeaves(scene, {leaf: mix(fog, colour(mood.leaf), 0.2 + nearness * 0.8), nearness});
	}
	paintRays(scene, light);
}

function paintFog({canvas, noise}: Scene, {fog, x, y}: Light): void {
	draw(canvas, dot => {
		const away = length(dot.x - x, dot.y - y);
		setInk(dot, fog);
		dimInk(dot, 0.72 + 0.45 / (1 + away * away * 9) + (noise(dot.x * 0.3, dot.y * 0.3) - 0.5) * 0.2);
		return 1;
	});
}

function paintFloor({canvas, noise, random}: Scene, {floor, top}: {floor: Colour; top: number}): void {
	const u = random.between(0, 1);
	const v = random.between(0, 1);
	draw(
		canvas,
		dot => {
			const depth = dot.y - top - (noise(dot.x * 0.25 + u, v) - 0.5) * 0.16;
			if (depth < 0) return 0;
			const away = 1 / (depth + 0.12);
			setInk(dot, floor);
			dimInk(dot, 0.55 + noise(u + dot.x * away * 0.5, v + away * 1.2) * 0.8);
			return ease(depth / 0.02) * 0.9;
		},
		{top: top - 0.08},
	);
}

interface Trunk {
	readonly x: number;
	readonly foot: number;
	readonly width: number;
	readonly ink: Colour;
	readonly isBirch: boolean;
}

function paintTrunk({canvas, noise, random}: Scene, {x, foot, width, ink, isBirch}: Trunk): void {
	const lean = random.between(-0.7, 0.7) * width;
	const u = random.between(0, 1);
	const reach = width * 1.1;
	draw(
		canvas,
		dot => {
			const across = dot.x - x - lean * (foot - dot.y);
			const root = ease((dot.y - foot + 0.06) / 0.08);
			const half = width * (0.34 + 0.2 * dot.y + 0.5 * root * root);
			if (Math.abs(across) > half + 0.002) return 0;
			setInk(dot, ink);
			dimInk(dot, 0.6 + noise(u + across * 6, dot.y * (isBirch ? 3 : 0.7)) * 0.65 - (across / half) * 0.28);
			if (isBirch && noise(u + across * 1.2, dot.y * 2.5) > 0.68) dimInk(dot, 0.28);
			return edge(canvas, half - Math.abs(across));
		},
		{left: x - reach + Math.min(0, lean * foot), right: x + reach + Math.max(0, lean * foot), bottom: foot},
	);
}

function paintLeaves({canvas, noise, random}: Scene, {leaf, nearness}: {leaf: Colour; nearness: number}): void {
	const u = random.between(0, 1);
	const v = random.between(0, 1);
	const low = 0.34 - nearness * 0.12;
	const size = 0.7 + (1 - nearness) * 1.4;
	draw(
		canvas,
		dot => {
			const clump = noise(u + dot.x * 0.45 * size, v + dot.y * 0.45 * size);
			const crown = clump * 0.75 - 0.58 - Math.max(0, dot.y - low) * 1.6;
			if (crown < -0.5) return 0;
			const leaves = noise(v + dot.x * 1.7 * size, u + dot.y * 1.7 * size);
			setInk(dot, leaf);
			dimInk(dot, 0.45 + leaves * 0.9 + (clump - 0.5) * 0.5);
			return ease((crown + leaves * 0.5) / 0.08) * 0.93;
		},
		{bottom: low + 0.3},
	);
}

function paintRays({canvas, noise}: Scene, {fog, x, y}: Light): void {
	draw(canvas, dot => {
		const angle = Math.atan2(dot.x - x, dot.y - y + 0.35);
		setInk(dot, fog);
		lightInk(dot, [0.15, 0.13, 0.05], 1);
		return ease((noise(angle * 0.5, 0.3) - 0.45) / 0.3) * clamp(1 - (dot.y - y) * 0.9) * 0.3;
	});
}
