import type {Canvas} from '../canvas.ts';
import type {Noise} from '../noise.ts';
import type {Random} from '../random.ts';

/** What a painter gets. */
export interface Scene {
	readonly canvas: Canvas;
	readonly random: Random;
	readonly noise: Noise;
	/** Counts the pictures of this family: 0, 1, ... */
	readonly variant: number;
}

/** Takes the values in turn, so that two pictures of a family in a row never share one. */
export const takeTurn = <Value>(values: readonly Value[], variant: number): Value => values[variant % values.length] as Value;
