import type {ItemError} from './outcome.ts';

/** One item on its way into the lanes: checked, named and numbered, or refused with the reason. */
export type Entry = {
	/** Counts items from 0 in the order of the manifest. */
	readonly n: number;
	readonly id: string;
	/** Where its bytes come from, written like an id: no query, user info or fragment. */
	readonly source?: string;
	/** The keys that the flow's schema does not know, copied to the outcome. */
	readonly meta?: Readonly<Record<string, unknown>>;
	/** What the schema made of the item; what was given, when the item was refused. */
	readonly item: unknown;
	/** The item as it was given, for its outcome, where it is not what was pulled. */
	readonly given?: unknown;
	readonly error?: ItemError;
};
