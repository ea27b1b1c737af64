/** Tells which keys may have come before, in a few bytes a key. What it has seen it always knows; now and then it takes a new one for known. */
export interface KeyFilter {
	/** Whether the key may have come before; from now on it has. */
	add(hash: number): boolean;
	has(hash: number): boolean;
}

/** 53 bits of a text (cyrb53): good enough to tell keys apart by, no proof that two are the same. */
export function hashKey(key: string, seed: number): number {
	let first = 0xdeadbeef ^ seed;
	let second = 0x41c6ce57 ^ seed;
	for (let at = 0; at < key.length; at++) {
		const code = key.charCodeAt(at);
		first = Math.imul(first ^ code, 2_654_435_761);
		second = Math.imul(second ^ code, 1_597_334_677);
	}
	first = Math.imul(first ^ (first >>> 16), 2_246_822_507) ^ Math.imul(second ^ (second >>> 13), 3_266_489_909);
	second = Math.imul(second ^ (second >>> 16), 2_246_822_507) ^ Math.imul(first ^ (first >>> 13), 3_266_489_909);
	return (second & 0x1f_ffff) * 2 ** 32 + (first >>> 0);
}

const FIRST_SLOTS = 2 ** 18;
const GROWTH = 2;
const MAX_FILL_RATIO = 0.75;
const FINGERPRINT_SHIFT = 2 ** 21;

/**
 * Open addressing with fingerprints of 32 bits, in a chain of tables, each twice the one before: 1 MiB at first, then 7 to 13 bytes a
 * key. Of ten million keys about one in 10^8 is taken for known; with fewer bits, more are.
 */
export function createKeyFilter({fingerprintBits = 32}: {readonly fingerprintBits?: number} = {}): KeyFilter {
	const tables: Uint32Array[] = [];
	const fingerprints = 2 ** fingerprintBits - 1;
	let newest = new Uint32Array(0);
	let room = 0;

	// Zero is an empty slot.
	const printOf = (hash: number): number => 1 + (Math.floor(hash / FINGERPRINT_SHIFT) % fingerprints);

	function grow(): void {
		newest = new Uint32Array(newest.length === 0 ? FIRST_SLOTS : newest.length * GROWTH);
		tables.push(newest);
		room = newest.length * MAX_FILL_RATIO;
	}

	function has(hash: number): boolean {
		const fingerprint = printOf(hash);
		for (const table of tables) if (table[findSlot(table, hash, fingerprint)] === fingerprint) return true;
		return false;
	}

	function add(hash: number): boolean {
		if (has(hash)) return true;
		if (room === 0) grow();
		const fingerprint = printOf(hash);
		newest[findSlot(newest, hash, fingerprint)] = fingerprint;
		room -= 1;
		return false;
	}

	return {add, has};
}

/** The slot of a fingerprint, or the empty one where it would go. */
function findSlot(table: Uint32Array, hash: number, fingerprint: number): number {
	const mask = table.length - 1;
	let slot = hash & mask;
	while (table[slot] !== 0 && table[slot] !== fingerprint) slot = (slot + 1) & mask;
	return slot;
}
