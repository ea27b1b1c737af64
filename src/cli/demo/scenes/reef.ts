import {clamp, draw, ease, edge, length} from '../canvas.ts';
import type {Colour} from '../canvas.ts';
import {blendInk, colour, createRamp, dimInk, lightInk, mix, setInk} from '../colour.ts';
import {paintFish} from './fish.ts';
import {paintLands} from './land.ts';
import type {Land} from './land.ts';
import {createRidge} from './ridge.ts';
import {takeTurn} from './scene.ts';
import type {Scene} from './scene.ts';

const moods = [
	{
		water: ['#8fe8f0', '#1fa3c8', '#0a4f8a'],
		sand: '#d9cfa5',
		coral: ['#ff7a5c', '#f2b84b', '#d94f8a'],
		fish: ['#ffb52e', '#fff2d0'],
		school: 14,
	},
	{
		water: ['#3f9fd8', '#0f4f9a', '#041a4a'],
		sand: '#4a6a8a',
		coral: ['#7a4fd0', '#3f8fd0', '#d05fa0'],
		fish: ['#ffe14a', '#2a6fff'],
		school: 4,
	},
	{
		water: ['#c8f5d8', '#4fc8a8', '#1a7a70'],
		sand: '#e8e0b8',
		coral: ['#ff5f6a', '#ffa04a', '#f7e05a'],
		fish: ['#ff4a2a', '#ffffff'],
		school: 40,
	},
	{
		water: ['#6fb0a0', '#2a6a5a', '#0c2f2a'],
		sand: '#5f7a5a',
		coral: ['#4f8a3a', '#8aa83f', '#3f6a4a'],
		fish: ['#c8d8c0', '#6a8a8a'],
		school: 2,
	},
	{
		water: ['#9a8fe8', '#4a3fb0', '#1a1450'],
		sand: '#6a5f9a',
		coral: ['#ff5fd0', '#5fe8ff', '#c8ff5a'],
		fish: ['#ff9a3d', '#fff0ff'],
		school: 22,
	},
	{
		water: ['#f0e8c0', '#7fc8c0', '#2f8fa8'],
		sand: '#f4e8c8',
		coral: ['#c86a4a', '#e0a070', '#a8505a'],
		fish: ['#2f3f5f', '#f4d03f'],
		school: 8,
	},
	{
		water: ['#1f4a6a', '#0a2440', '#020814'],
		sand: '#1f3048',
		coral: ['#3fe0c0', '#2f8fff', '#ff4fa0'],
		fish: ['#4ff0ff', '#1f5fa0'],
		school: 60,
	},
	{
		water: ['#ffd8c8', '#e88a8a', '#7a3a6a'],
		sand: '#f0c8a8',
		coral: ['#ffe08a', '#ff8a5a', '#8a4a9a'],
		fish: ['#ffffff', '#e03a4a'],
		school: 10,
	},
	{
		water: ['#d8f0a0', '#6fa84f', '#1f4a2a'],
		sand: '#a89a5f',
		coral: ['#2f6a3f', '#c8d04f', '#5f8a2f'],
		fish: ['#e8a03f', '#3f2a14'],
		school: 6,
	},
	{
		water: ['#b8d8e8', '#6a94b0', '#2f4f6a'],
		sand: '#c8ccc8',
		coral: ['#e8e8f0', '#a8b8d0', '#d0a8b8'],
		fish: ['#3f5a8a', '#d8e8f8'],
		school: 30,
	},
];

/** Under water: rays of light, fish, and corals on the sand. */
export function paintReef(scene: Scene): void {
	const {canvas, random, variant} = scene;
	const mood = takeTurn(moods, variant);
	const shades = mood.water.map(colour);
	const water = shades[1]!;
	paintDeep(scene, shades);
	for (let fish = 0; fish < mood.school; fish++) {
		paintFish(scene, {
			x: random.between(0.05, 0.95) * canvas.aspect,
			y: random.between(0.12, 0.68),
			size: (0.36 / Math.sqrt(mood.school + 4)) * random.between(0.4, 1),
			inks: mood.fish.map(name => mix(colour(name), water, 0.2)),
			facing: variant % 2 === 0 ? 1 : -1,
		});
	}
	const ridge = createRidge(scene, {base: random.between(0.72, 0.86), rise: 0.08, scale: 0.25, sharpness: 0});
	paintLands(canvas, [{ridge, ink: sandInk(scene, {sand: colour(mood.sand), water})}]);
	const corals = 10 + random.index(25);
	for (let coral = 0; coral < corals; coral++) {
		const nearness = coral / corals;
		const x = random.between(0, canvas.aspect);
		const size = random.between(0.05, 0.13) * (0.6 + nearness);
		paintCoral(scene, {
			x,
			foot: ridge(x) + 0.02 + nearness * 0.18,
			size,
			ink: mix(colour(random.pick(mood.coral)), water, 0.45 * (1 - nearness)),
		});
	}
}

function paintDeep({canvas, noise, random}: Scene, shades: readonly Colour[]): void {
	const ramp = createRamp(shades);
	const source = random.between(0.2, 0.8) * canvas.aspect;
	draw(canvas, dot => {
		ramp(dot, dot.y * 0.85 + Math.abs(dot.x - source) * 0.25);
		const angle = Math.atan2(dot.x - source, dot.y + 0.4);
		const ray = ease((noise(angle * 0.6, 0.2 + dot.y * 0.03) - 0.5) / 0.3) * clamp(0.75 - dot.y);
		const surface = dot.y < 0.125 ? ease((noise(dot.x * 0.5, dot.y * 4) - 0.55) / 0.25) * (1 - dot.y * 8) : 0;
		lightInk(dot, [0.5, 0.6, 0.6], ray * 0.5 + surface * 0.6);
		return 1;
	});
}

/** Sand with the web of light that waves throw on it. */
function sandInk({noise}: Scene, {sand, water}: {sand: Colour; water: Colour}): Land['ink'] {
	return (dot, depth) => {
		const away = 1 / (depth + 0.12);
		const web = 1 - Math.abs(noise(dot.x * away * 0.09, away * 0.2) - 0.5) * 9;
		setInk(dot, sand);
		dimInk(dot, 0.7 + noise(dot.x * 1.5, depth * 6) * 0.4);
		lightInk(dot, [0.35, 0.4, 0.35], clamp(web) * 0.7);
		blendInk(dot, water, clamp(0.55 - depth * 2.6));
	};
}

interface Coral {
	readonly x: number;
	readonly foot: number;
	readonly size: number;
	readonly ink: Colour;
}

/** One of three kinds: brain, fan, or fingers. */
function paintCoral({canvas, noise, random}: Scene, {x, foot, size, ink}: Coral): void {
	const u = random.between(0, 1);
	const kind = random.pick(['brain', 'fan', 'fingers'] as const);
	draw(
		canvas,
		dot => {
			const px = (dot.x - x) / size;
			const py = (foot - dot.y) / size;
			const away = length(px, py);
			if (away > 1.2) return 0;
			const lumps = noise(u + px * 0.25, u + py * 0.25);
			const fingers = Math.abs(Math.sin(Math.atan2(px, py + 0.001) * 6 + u * 9 + lumps * 2));
			const rim = kind === 'brain' ? 0.55 + lumps * 0.5 : kind === 'fan' ? 0.45 + fingers * 0.5 : 0.5 + 0.8 * fingers ** 4 * lumps;
			const texture = kind === 'brain' ? Math.sin((px + lumps) * 40) * Math.sin((py + lumps) * 40) * 0.18 : (fingers - 0.5) * 0.35;
			setInk(dot, ink);
			dimInk(dot, 0.5 + away * 0.35 + lumps * 0.45 - px * 0.25 + texture);
			return edge(canvas, Math.min(rim - away, py + 0.15) * size);
		},
		{left: x - size * 1.2, right: x + size * 1.2, top: foot - size * 1.2, bottom: foot + size * 0.2},
	);
}
