import type {Sha256} from './identify.ts';

/** Where a row stands. */
export interface RowPlace {
	/** Which of the run's manifests, from 0. */
	readonly manifest: number;
	readonly line: number;
}

/** Where a row stands, and whether it brought its own id along. */
export interface Place extends RowPlace {
	readonly hasOwnId: boolean;
}

/** Where each key was first seen. */
export interface Places {
	/** The place that already has the key; otherwise `undefined`, and from now on `place` has it. */
	claim(key: string, place: Place): Place | undefined;
	has(key: string): boolean;
}

const FIRST_SLOTS = 2 ** 8;
const MAX_FILL_RATIO = 0.6;
/** Two parts of the key's sha256, 104 bits of it, and the place. */
const SLOT_NUMBERS = 3;
const PART_DIGITS = 13;

/** Remembers every key by its sha256, in flat memory: 40 to 80 bytes a key, however long it is, where a `Map` takes 350. */
export function rememberPlaces(sha256: Sha256): Places {
	let slots = new Float64Array(FIRST_SLOTS * SLOT_NUMBERS);
	let count = 0;

	/** Where the key stands in `slots`, or the empty slot where it would. */
	function locate(first: number, second: number): number {
		const slotCount = slots.length / SLOT_NUMBERS;
		let slot = first % slotCount;
		for (;;) {
			const start = slot * SLOT_NUMBERS;
			const isKey = slots[start] === first && slots[start + 1] === second;
			if (isKey || slots[start + 2] === 0) return start;
			slot = (slot + 1) % slotCount;
		}
	}

	function find(key: string): {readonly start: number; readonly parts: readonly [number, number]} {
		const digest = sha256(key);
		const first = Number.parseInt(digest.slice(0, PART_DIGITS), 16);
		const second = Number.parseInt(digest.slice(PART_DIGITS, 2 * PART_DIGITS), 16);
		return {start: locate(first, second), parts: [first, second]};
	}

	function growIfFull(): void {
		const old = slots;
		if (count < (old.length / SLOT_NUMBERS) * MAX_FILL_RATIO) return;
		slots = new Float64Array(old.length * 2);
		for (let from = 0; from < old.length; from += SLOT_NUMBERS) {
			if (old[from + 2] === 0) continue;
			const to = locate(old[from] ?? 0, old[from + 1] ?? 0);
			for (let at = 0; at < SLOT_NUMBERS; at++) slots[to + at] = old[from + at] ?? 0;
		}
	}

	return {
		has: key => slots[find(key).start + 2] !== 0,
		claim(key, place) {
			growIfFull();
			const {start, parts} = find(key);
			const taken = slots[start + 2] ?? 0;
			if (taken !== 0) return unpack(taken);
			slots.set([...parts, pack(place)], start);
			count += 1;
			return undefined;
		},
	};
}

const MAX_LINES = 2 ** 32;

// Never 0, which is an empty slot.
const pack = ({manifest, line, hasOwnId}: Place): number => (manifest * MAX_LINES + line) * 2 + Number(hasOwnId) + 1;

function unpack(packed: number): Place {
	const place = Math.floor((packed - 1) / 2);
	return {manifest: Math.floor(place / MAX_LINES), line: place % MAX_LINES, hasOwnId: packed % 2 === 0};
}
