/** Where a row stands, and whether it brought its own id along. */
export interface Place {
	/** Which of the run's manifests, from 0. */
	readonly manifest: number;
	readonly line: number;
	readonly hasOwnId: boolean;
}

/** Where each key was first seen. */
export interface Places {
	/** The place that already has the key; otherwise `undefined`, and from now on `place` has it. */
	claim(key: string, place: Place): Place | undefined;
	has(key: string): boolean;
}

/** Remembers every key exactly, so its memory grows with their number; a `Map` ends at 16.7 million. */
export function rememberPlaces(): Places {
	const places = new Map<string, number>();
	return {
		has: key => places.has(key),
		claim(key, place) {
			const first = places.get(key);
			if (first !== undefined) return unpack(first);
			places.set(key, pack(place));
			return undefined;
		},
	};
}

// One number for each key instead of an object: it is the one thing here that grows with the manifest.
const MAX_LINES = 2 ** 32;

const pack = ({manifest, line, hasOwnId}: Place): number => (manifest * MAX_LINES + line) * 2 + Number(hasOwnId);

function unpack(packed: number): Place {
	const place = Math.floor(packed / 2);
	return {manifest: Math.floor(place / MAX_LINES), line: place % MAX_LINES, hasOwnId: packed % 2 === 1};
}
