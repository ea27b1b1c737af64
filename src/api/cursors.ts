import {Problem} from './problems.ts';

/** A cursor is a place in a list that nobody should write by hand. */
export const writeCursor = (place: string): string => btoa(place).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/u, '');

/** @throws Problem `QUERY_INVALID` for what `writeCursor` never wrote. */
export function readCursor(cursor: string, pattern: RegExp): string {
	try {
		const place = atob(cursor.replaceAll('-', '+').replaceAll('_', '/'));
		if (pattern.test(place) && writeCursor(place) === cursor) return place;
	} catch {
		// Not even base64.
	}
	throw new Problem('QUERY_INVALID', 'cursor: not one that a page before gave.');
}
