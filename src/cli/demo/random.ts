/** Seeded randomness, so that photo k is the same on every machine and for every `count`. */
export interface Random {
	/** From `low` up to, not including, `high`. */
	between(low: number, high: number): number;
	/** A whole number from 0 up to, not including, `count`. */
	index(count: number): number;
	pick<Value>(values: readonly Value[]): Value;
}

export function createRandom(seed: number): Random {
	const next = mulberry32(seed);
	const index = (count: number) => Math.floor(next() * count);
	return {
		between: (low, high) => low + (high - low) * next(),
		index,
		pick<Value>(values: readonly Value[]): Value {
			if (values.length === 0) throw new RangeError('pick() needs at least one value.');
			return values[index(values.length)] as Value;
		},
	};
}

/** One number in 0..1 for a cell of a grid: always the same for the same cell, unlike its neighbours. */
export function hashCell(column: number, row: number): number {
	let bits = Math.imul(column, 0x27d4eb2d) ^ Math.imul(row, 0x165667b1);
	bits = Math.imul(bits ^ (bits >>> 15), 0x2c1b3c6d);
	bits = Math.imul(bits ^ (bits >>> 12), 0x297a2d39);
	return ((bits ^ (bits >>> 15)) >>> 0) / 2 ** 32;
}

// Tommy Ettinger's mulberry32: 32 bits of state are plenty for pictures.
function mulberry32(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let bits = Math.imul(state ^ (state >>> 15), 1 | state);
		bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
		return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
	};
}
