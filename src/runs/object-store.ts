import type {Store} from '../lanes/ports.ts';

/** An object of a listing. */
export interface ObjectEntry {
	readonly key: string;
	readonly bytes: number;
	/** When it was written, by the store's wall clock, where the listing says so. */
	readonly modifiedMs?: number | undefined;
}

/** What is known of an object without reading it. `etag` changes with its content. */
export interface ObjectHead {
	readonly etag: string;
	readonly metadata: Readonly<Record<string, string>>;
}

export interface StoredObject extends ObjectHead {
	readonly body: Uint8Array;
}

export interface WriteOptions {
	readonly contentType?: string;
	/** Kept beside the object where the store can (`isShared`), else dropped. Lower-case keys, ASCII values. */
	readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Where a run keeps outputs and records: a folder or a bucket. Keys have `/` between their parts and are already safe. Every write
 * appears whole or not at all, also when the process is killed. What fails is a TwolaneError `STORE_*`.
 */
export interface ObjectStore extends Store {
	/** Whether several machines may write here at once, and know each other only by what is stored. A folder has one owner instead. */
	readonly isShared: boolean;
	/** Create-once, the one primitive of truth. `false`: the key was there already, and stays as it was. */
	create(key: string, body: Uint8Array | string, options?: WriteOptions): Promise<boolean>;
	/** Replaces the object only while its etag is still this one. `false`: it has changed, or is gone. */
	replace(key: string, body: Uint8Array | string, options: WriteOptions & {readonly etag: string}): Promise<boolean>;
	/** Writes what need not fit into memory; whatever stood there is replaced. An error of `chunks` goes on as it is, and nothing is written. */
	write(key: string, chunks: AsyncIterable<Uint8Array | string>): Promise<void>;
	/** The whole object; `undefined` when there is none. */
	get(key: string): Promise<StoredObject | undefined>;
	head(key: string): Promise<ObjectHead | undefined>;
	/**
	 * The bytes from `start` (default 0) to before `end` (default, and at most, the object's end), as they come.
	 * @throws TwolaneError `STORE_FAILED`, not retryable, when there is no such object.
	 */
	read(key: string, range?: {readonly start?: number; readonly end?: number}): AsyncIterable<Uint8Array>;
	/** The objects whose keys begin with `prefix`, in the order of their keys' bytes; none is an empty list. */
	list(prefix: string, options?: {readonly after?: string}): AsyncIterable<ObjectEntry>;
	/** It is no error when there is no such object. */
	remove(key: string): Promise<void>;
}
