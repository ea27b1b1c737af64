import type {PlaceNote} from './item-line.ts';
import type {RowPlace} from './remember-places.ts';

/** Writes and reads the places of rows as steps from one to the next, so that most rows need no word about it. */
export function createPlaceTrail() {
	let last: RowPlace = {manifest: 0, line: 0};
	return {
		/** What `follow` must be told to come to the place. */
		leave(place: RowPlace): PlaceNote | undefined {
			const {manifest, line} = last;
			last = place;
			if (place.manifest !== manifest) return place;
			return place.line === line + 1 ? undefined : {line: place.line};
		},
		follow({line = last.line + 1, manifest = last.manifest}: PlaceNote = {}): RowPlace {
			last = {manifest, line};
			return last;
		},
	};
}
