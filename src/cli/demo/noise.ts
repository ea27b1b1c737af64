import {hashCell} from './random.ts';

/** A field of clouds, made once and looked up ever after: 0..1, mean 0.5, repeating every 1 in both directions. */
export type Noise = (x: number, y: number) => number;

const SIZE = 512;
const OCTAVES = [4, 8, 16, 32, 64, 128, 256];

/**
 * Sums octaves of value noise into one table. A look-up costs some 15 ns, seven octaves computed anew ten times as much; librsvg's
 * feTurbulence took 520 ms for half a megapixel, which is why the pictures are no SVG.
 */
export function createNoise(seed: number): Noise {
	const table = normalise(sumOctaves(seed));
	const mask = SIZE - 1;
	return (x, y) => {
		const left = x * SIZE;
		const top = y * SIZE;
		const column = Math.floor(left);
		const row = Math.floor(top);
		const right = left - column;
		const down = top - row;
		const here = (row & mask) * SIZE;
		const below = ((row + 1) & mask) * SIZE;
		const west = column & mask;
		const east = (column + 1) & mask;
		const upper = table[here + west]! + (table[here + east]! - table[here + west]!) * right;
		const lower = table[below + west]! + (table[below + east]! - table[below + west]!) * right;
		return upper + (lower - upper) * down;
	};
}

function sumOctaves(seed: number): Float32Array {
	const table = new Float32Array(SIZE * SIZE);
	for (const [octave, cells] of OCTAVES.entries()) addOctave(table, {cells, seed: seed + octave * 7919, weight: 0.52 ** octave});
	return table;
}

function addOctave(table: Float32Array, {cells, seed, weight}: {cells: number; seed: number; weight: number}): void {
	const lattice = Float32Array.from({length: cells * cells}, (_, cell) => hashCell(seed + (cell % cells), Math.floor(cell / cells)));
	const steps = Array.from({length: SIZE}, (_, at) => smoothstep(((at * cells) / SIZE) % 1));
	for (let y = 0; y < SIZE; y++) {
		const row = Math.floor((y * cells) / SIZE) * cells;
		const rowBelow = (row + cells) % (cells * cells);
		for (let x = 0; x < SIZE; x++) {
			const west = Math.floor((x * cells) / SIZE);
			const east = (west + 1) % cells;
			const upper = lattice[row + west]! + (lattice[row + east]! - lattice[row + west]!) * steps[x]!;
			const lower = lattice[rowBelow + west]! + (lattice[rowBelow + east]! - lattice[rowBelow + west]!) * steps[x]!;
			table[y * SIZE + x]! += weight * (upper + (lower - upper) * steps[y]!);
		}
	}
}

/** Stretches the sum so that its mean is 0.5 and nearly all of it lies in 0..1. */
function normalise(table: Float32Array): Float32Array {
	const mean = table.reduce((sum, value) => sum + value, 0) / table.length;
	const deviation = Math.sqrt(table.reduce((sum, value) => sum + (value - mean) ** 2, 0) / table.length);
	return table.map(value => Math.min(1, Math.max(0, 0.5 + (value - mean) / (deviation * 5))));
}

const smoothstep = (share: number): number => share * share * (3 - 2 * share);
