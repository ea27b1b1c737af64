import type {FlowDefinition} from '../lanes/flow.ts';
import {nameRowApart} from './name-row.ts';
import type {OpenedRow} from './read-entry.ts';
import type {Place, Places, RowPlace} from './remember-places.ts';
import {type KeyKind, readFile} from './suspects.ts';

/** Tells repeats, which are dropped, from two items of one id, which are a mistake. */
export function createClashFinder(
	flow: Pick<FlowDefinition, 'id'>,
	{areSeveral, open}: {readonly areSeveral: boolean; readonly open: (kind: KeyKind) => Places},
) {
	const ids = open('id');
	const sources = open('source');
	const files = open('file');

	function find({entry: {id, source}, raw, hasOwnId}: OpenedRow, {manifest, line}: RowPlace): 'repeat' | Place | undefined {
		const place: Place = {manifest, line, hasOwnId};
		const file = areSeveral ? readFile(raw) : undefined;
		const isOtherFile = file !== undefined && files.claim(file, place) === undefined;
		const isNamedByFlow = flow.id !== undefined;
		// Such an id does not tell a repeated source.
		if (isNamedByFlow && !hasOwnId && source !== undefined && sources.claim(source, place) !== undefined) return 'repeat';
		const first = ids.claim(id, place);
		if (first === undefined || hasOwnId || first.hasOwnId || isNamedByFlow) return first;
		// Two manifests may mean two files by one relative name: a mistake to be named, not a repeat to be dropped.
		return isOtherFile ? first : 'repeat';
	}

	/** A name that no other item has. */
	function claimName(place: RowPlace, n: number): string {
		const name = nameRowApart(place, n, id => ids.has(id));
		ids.claim(name, {...place, hasOwnId: true});
		return name;
	}

	return {find, claimName};
}
