import type {RowPlace} from './remember-places.ts';

/** What a row is called that is no item: `line-7`, in later manifests `manifest-2-line-7`. */
export const nameRow = ({manifest, line}: RowPlace): string => (manifest === 0 ? `line-${line}` : `manifest-${manifest + 1}-line-${line}`);

/** The same where that name is taken: a JSON array may have all its items in one line, and an item may be called `line-7`. */
export function nameRowApart(place: RowPlace, n: number, isTaken: (name: string) => boolean): string {
	let name = nameRow(place);
	if (isTaken(name)) name += `-item-${n}`;
	while (isTaken(name)) name += '-again';
	return name;
}

/** Whether a name may be one of those that `nameRowApart` makes with an item's number, which only the second look knows. */
export const isNumberedName = (name: string): boolean => /^(?:manifest-\d+-)?line-\d+-item-\d+(?:-again)*$/u.test(name);
