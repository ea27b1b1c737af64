import type {z} from 'zod';
import {TwolaneError} from '../lanes/errors.ts';
import type {ObjectStore, StoredObject} from './object-store.ts';

const decoder = new TextDecoder();

/** Where an object lies, as a person would look for it. */
export function placeOf({uri}: ObjectStore, key: string): string {
	const place = `${uri.replace(/\/+$/u, '')}/${key}`;
	return place.startsWith('file://') ? decodeURIComponent(place.slice('file://'.length)) : place;
}

/** Records that nobody can work with: says which file, and why. */
export const invalidState = (store: ObjectStore, key: string, problem: string): TwolaneError =>
	new TwolaneError('STATE_INVALID', `${placeOf(store, key)} ${problem}`);

/** The bytes of an object that a record names. @throws TwolaneError `STATE_INVALID` when it is gone. */
export async function* readNamed(
	store: ObjectStore,
	key: string,
	range?: {readonly start: number; readonly end: number},
): AsyncGenerator<Uint8Array> {
	try {
		yield* store.read(key, range);
	} catch (error) {
		if ((await store.head(key)) !== undefined) throw error;
		throw invalidState(store, key, 'is gone, and the run cannot be read without it.');
	}
}

/** A record, or `undefined` when there is none. @throws TwolaneError `STATE_INVALID` when it is not what it should be. */
export async function readRecord<T>(
	store: ObjectStore,
	key: string,
	schema: z.ZodType<T>,
): Promise<{readonly value: T; readonly etag: string} | undefined> {
	const stored = await store.get(key);
	return stored && {value: parseRecord(store, key, {schema, stored}), etag: stored.etag};
}

export function parseRecord<T>(
	store: ObjectStore,
	key: string,
	{schema, stored}: {readonly schema: z.ZodType<T>; readonly stored: StoredObject},
): T {
	const parsed = schema.safeParse(parseJson(store, key, stored.body));
	if (parsed.success) return parsed.data;
	const problems = parsed.error.issues.slice(0, 3).map(({path, message}) => `${path.join('.') || 'the file'}: ${message}`);
	throw invalidState(store, key, `is not what it was written as: ${problems.join('; ')}`);
}

export function parseJson(store: ObjectStore, key: string, body: Uint8Array): unknown {
	try {
		return JSON.parse(decoder.decode(body));
	} catch {
		throw invalidState(store, key, body.length === 0 ? 'is empty' : 'is not JSON: it was cut off or changed');
	}
}

export const writeJson = (value: unknown): string => `${JSON.stringify(value, undefined, '\t')}\n`;
