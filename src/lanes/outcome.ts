import type {Code, Stage} from './errors.ts';

/** One stored output: `key` is relative to `out`, `sha256` is lower-case hex, `name` is the name without its extension. */
export interface Output {
	readonly name: string;
	readonly key: string;
	readonly bytes: number;
	readonly sha256: string;
}

/** Milliseconds spent on the item: in its last `fetch` and `store` attempt, waiting for a thread, and on the thread. */
export interface Timings {
	readonly fetchMs?: number;
	readonly queueMs?: number;
	readonly transformMs?: number;
	readonly storeMs?: number;
}

/** Why an item failed, as data: match on `code`, show `message`. */
export interface ItemError {
	readonly code: Code;
	readonly stage: Stage;
	/** `true`: the same item may succeed if it is run again. */
	readonly retryable: boolean;
	readonly message: string;
	/** The HTTP status, with `HTTP_STATUS`. */
	readonly status?: number;
}

export type Ending<Result = unknown> =
	| {readonly status: 'succeeded'; readonly result: Result; readonly outputs: readonly Output[]}
	| {readonly status: 'failed'; readonly error: ItemError}
	| {readonly status: 'skipped'; readonly reason: string};

/** The typed end of one item. `n` counts items from 0 in the order they were given; `attempts` is that of the stage tried most often. */
export type Outcome<Item = unknown, Result = unknown> = {
	readonly n: number;
	readonly id: string;
	readonly item: Item;
	readonly attempts: number;
	/** Where the bytes came from, without query, user info or fragment. */
	readonly source?: string;
	readonly meta?: Readonly<Record<string, unknown>>;
	readonly timings: Timings;
} & Ending<Result>;
