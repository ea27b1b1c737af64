import type {FlowDefinition} from '../lanes/flow.ts';
import {isRecord} from './find-source.ts';
import {createKeyFilter, hashKey, type KeyFilter} from './key-filter.ts';
import {isNumberedName, nameRow} from './name-row.ts';
import type {OpenedRow} from './read-entry.ts';
import type {Places, RowPlace} from './remember-places.ts';

/** What may be taken only once in a run. `source`: for a flow that names its items itself. `file`: where a relative name leads to. */
export type KeyKind = 'id' | 'source' | 'file';

const seeds = {id: 1, source: 2, file: 3};

/** The rows' keys that may have come before, by their hashes. */
export type Suspects = ReturnType<typeof createSuspects>;

export interface SuspectsOptions {
	readonly areSeveral: boolean;
	readonly skipInvalid: boolean;
	/** What all keys go through. */
	readonly filter: KeyFilter;
}

/** Shows every key that a row may take to a filter. What the filter may have seen, a second look has to tell apart. */
export function createSuspects(flow: Pick<FlowDefinition, 'id'>, {areSeveral, skipInvalid, filter}: SuspectsOptions) {
	const suspects = createKeyFilter();

	function show(kind: KeyKind, key: string): boolean {
		const hash = hashKey(key, seeds[kind]);
		const isSuspect = filter.add(hash);
		if (isSuspect) suspects.add(hash);
		return isSuspect;
	}

	return {
		/** Whether the item may be a repeat or a mistake. */
		addItem({entry: {id, source}, raw, hasOwnId}: OpenedRow, place: RowPlace): boolean {
			const isKnownId = show('id', id);
			const isKnownSource = flow.id !== undefined && !hasOwnId && source !== undefined && show('source', source);
			const file = areSeveral ? readFile(raw) : undefined;
			if (file !== undefined) show('file', file);
			const isDoubtful = isKnownId || isKnownSource;
			const isNumbered = skipInvalid && isNumberedName(id);
			if (isNumbered) suspects.add(hashKey(id, seeds.id));
			// It may become a row that is called by its line.
			if (isNumbered || (isDoubtful && skipInvalid)) show('id', nameRow(place));
			return isDoubtful;
		},
		/** Whether the name of a row that is no item may be taken. */
		addInvalid: (place: RowPlace): boolean => show('id', nameRow(place)),
		isSuspect: (kind: KeyKind, key: string): boolean => suspects.has(hashKey(key, seeds[kind])),
		/** Lets only suspects through: the others are known to be the only ones. */
		guard: (kind: KeyKind, places: Places): Places => {
			const isSuspect = (key: string): boolean => suspects.has(hashKey(key, seeds[kind]));
			return {
				has: key => isSuspect(key) && places.has(key),
				claim: (key, place) => (isSuspect(key) ? places.claim(key, place) : undefined),
			};
		},
	};
}

/** The `file` of an item as it was given. */
export const readFile = (raw: unknown): string | undefined => (isRecord(raw) && typeof raw.file === 'string' ? raw.file : undefined);
