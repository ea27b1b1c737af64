import type {Scene} from './scene.ts';

/** The upper edge of a piece of land: y for x. */
export type Ridge = (x: number) => number;

interface RidgeShape {
	/** Where its mean lies. */
	readonly base: number;
	/** How far its peaks rise above the mean. */
	readonly rise: number;
	/** How close together they stand: 0.1 a few, 0.4 many. */
	readonly scale: number;
	/** 0: rolling hills. 1: sharp peaks. */
	readonly sharpness: number;
}

export function createRidge({noise, random}: Scene, {base, rise, scale, sharpness}: RidgeShape): Ridge {
	const u = random.between(0, 1);
	const v = random.between(0, 1);
	return tabulate(x => {
		const rolling = noise(u + x * scale, v) - 0.5;
		const peaked = 0.25 - Math.abs(noise(u + x * scale * 0.7, v + 0.37) - 0.5) * 1.4;
		const detail = (noise(u + x * scale * 4, v + 0.71) - 0.5) * 0.12 * sharpness;
		return base - rise * 2 * (rolling * (1 - sharpness) + peaked * sharpness + detail);
	});
}

const FROM = -0.5;
const TO = 2.5;
const STEPS = 3000;

/** Computes a ridge once for all x that any canvas asks for: it is asked at every pixel, by some inks many times. */
export function tabulate(ridge: Ridge): Ridge {
	const perUnit = STEPS / (TO - FROM);
	const heights = Float32Array.from({length: STEPS + 2}, (_, step) => ridge(FROM + step / perUnit));
	return x => {
		const at = Math.min(STEPS, Math.max(0, (x - FROM) * perUnit));
		const step = Math.floor(at);
		return heights[step]! + (heights[step + 1]! - heights[step]!) * (at - step);
	};
}
