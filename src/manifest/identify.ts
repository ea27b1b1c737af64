import type {FlowDefinition, Source} from '../lanes/flow.ts';
import {isRecord} from './find-source.ts';

/** sha256 of a text in UTF-8, as lower-case hex: the platform's own, so that this layer stays free of it. */
export type Sha256 = (text: string) => string;

const HASHED_QUERY_CHARACTERS = 16;
const HASHED_ITEM_CHARACTERS = 32;
const MAX_ID_BYTES = 1024;

/**
 * How a source is written in ids and rows: a URL loses its user info and fragment, and its query becomes `?` and 16 hex of the query's
 * sha256, so that two signed URLs stay apart and no signature is kept. A version id is hashed alike; a file is written as it was given.
 */
export function describeSource(source: Source, sha256: Sha256): string {
	if ('file' in source) return source.file;
	if ('url' in source) return describeUrl(source.url, sha256);
	return source.versionId === undefined ? source.s3 : source.s3 + hashQuery(source.versionId, sha256);
}

const hashQuery = (query: string, sha256: Sha256): string => `?${sha256(query).slice(0, HASHED_QUERY_CHARACTERS)}`;

/** Such a URL stays as it is when it is parsed, which takes twice the time of this. */
const normalUrl = /^https?:\/\/(?:[a-z\d]+(?:-[a-z\d]+)*\.)+[a-z]{2,}(?:\/[\w~-][\w.~-]*)+(?:\?[\w.~!$&()*+,;=:@/?%-]*)?$/u;

// A flow of its own schema may take what no parser takes; its query is no less secret.
function describeUrl(text: string, sha256: Sha256): string {
	const [href] = cutAt(normalUrl.test(text) ? text : (URL.parse(text)?.href ?? text), '#');
	const [place, query] = cutAt(href, '?');
	const open = place.includes('@') ? place.replace(/^([^/]*\/\/)[^/]*@/u, '$1') : place;
	return query === '' ? open : open + hashQuery(query, sha256);
}

function cutAt(text: string, mark: string): readonly [string, string] {
	const at = text.indexOf(mark);
	return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/**
 * The id of an item: what the flow says, else the item's own `id`, else its source, else a hash of the item as it was given.
 * @returns the id, or why it cannot be one.
 */
export function identify(
	flow: Pick<FlowDefinition, 'id'>,
	item: unknown,
	{given, source, sha256}: {readonly given: unknown; readonly source: string | undefined; readonly sha256: Sha256},
): string | {readonly problem: string} {
	const id: unknown = flow.id === undefined ? (readOwnId(item) ?? readOwnId(given) ?? source ?? hashItem(given, sha256)) : flow.id(item);
	const problem = findIdProblem(id);
	return problem === undefined ? (id as string) : {problem};
}

/** The `id` an item brings along. A whole number counts as its text, or two items of one source would become one. */
export function readOwnId(item: unknown): string | undefined {
	if (!isRecord(item)) return undefined;
	const {id} = item;
	if (typeof id === 'string') return id === '' ? undefined : id;
	return Number.isSafeInteger(id) ? String(id) : undefined;
}

// The item as it was given, not what the schema made of it: a Map or a class instance would hash like an empty object.
const hashItem = (given: unknown, sha256: Sha256): string => sha256(writeStableJson(given)).slice(0, HASHED_ITEM_CHARACTERS);

/** JSON that does not depend on the order of keys. @throws TypeError for what JSON cannot write. */
export function writeStableJson(value: unknown): string {
	return JSON.stringify(value, (_, part: unknown) => (isRecord(part) ? sortKeys(part) : part)) ?? String(value);
}

const sortKeys = (record: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
	Object.fromEntries(
		Object.keys(record)
			.toSorted()
			.map(key => [key, record[key]]),
	);

const utf8 = new TextEncoder();

/** Why a value cannot be an id; `undefined` when it can. */
export function findIdProblem(id: unknown): string | undefined {
	if (typeof id !== 'string' || id === '')
		return `the id must be text that is not empty, got ${typeof id === 'string' ? 'an empty text' : typeof id}`;
	// A character takes at most three bytes for each of its UTF-16 units, so most ids need not be measured.
	if (id.length * 3 > MAX_ID_BYTES && utf8.encode(id).length > MAX_ID_BYTES) {
		return `the id is longer than ${MAX_ID_BYTES.toLocaleString('en')} bytes: "${id.slice(0, 40)}..."; give the item a shorter id`;
	}
	if (isPrintableAscii(id)) return undefined;
	if (/\p{Cc}/u.test(id)) return `the id has a control character: ${JSON.stringify(id.slice(0, 80))}; give the item an id without it`;
	if (!id.isWellFormed()) return 'the id is not well-formed Unicode; give the item an id that is';
	return undefined;
}

/** A loop, which takes a fifth of a regular expression's time; a million ids go through here. */
function isPrintableAscii(text: string): boolean {
	for (let at = 0; at < text.length; at++) {
		const code = text.charCodeAt(at);
		if (code < 0x20 || code > 0x7e) return false;
	}
	return true;
}
