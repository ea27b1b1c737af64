import {lstat, readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {isAbsence} from './failures.ts';
import {isTemporary} from './temporaries.ts';

interface Found {
	readonly key: string;
	readonly bytes: number;
	readonly modifiedMs: number;
}

interface Entry {
	/** Of a folder with `/` at its end: so it sorts as the keys below it do. */
	readonly key: string;
	readonly isFolder: boolean;
}

/** How many files are asked for their size at once. */
const MAX_STATS = 32;

/** Files below `top` whose path there begins with `prefix`, in the order of the paths' bytes; only the folders that may hold some are read. */
export async function* listFiles(top: string, prefix: string, after: string | undefined): AsyncGenerator<Found> {
	yield* walk({top, prefix, after}, prefix.slice(0, prefix.lastIndexOf('/') + 1));
}

interface Request {
	readonly top: string;
	readonly prefix: string;
	readonly after: string | undefined;
}

async function* walk(request: Request, folder: string): AsyncGenerator<Found> {
	const entries = (await readEntries(request.top, folder)).filter(entry => isWanted(entry, request));
	let files: string[] = [];
	for (const {key, isFolder} of entries) {
		if (!isFolder) files.push(key);
		if (isFolder || files.length === MAX_STATS) {
			yield* await measure(request.top, files);
			files = [];
		}
		if (isFolder) yield* walk(request, key);
	}
	yield* await measure(request.top, files);
}

function isWanted({key, isFolder}: Entry, {prefix, after}: Request): boolean {
	if (!key.startsWith(prefix)) return false;
	return after === undefined || compareBytes(key, after) > 0 || (isFolder && after.startsWith(key));
}

async function readEntries(top: string, folder: string): Promise<Entry[]> {
	try {
		const found = await readdir(join(top, folder), {withFileTypes: true});
		return found
			.filter(entry => entry.isDirectory() || (entry.isFile() && !isTemporary(entry.name)))
			.map(entry => ({key: `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`, isFolder: entry.isDirectory()}))
			.sort((one, other) => compareBytes(one.key, other.key));
	} catch (error) {
		if (isAbsence(error)) return [];
		throw error;
	}
}

async function measure(top: string, keys: readonly string[]): Promise<Found[]> {
	const found = await Promise.all(
		keys.map(async key => {
			const stats = await lstat(join(top, key)).catch((error: unknown) => {
				// Removed since it was read from the folder.
				if (isAbsence(error)) return undefined;
				throw error;
			});
			return stats && {key, bytes: stats.size, modifiedMs: stats.mtimeMs};
		}),
	);
	return found.filter(one => one !== undefined);
}

const beyond = /[\uD800-\u{10FFFF}]/u;

/** By UTF-8. UTF-16, which `<` compares, has the same order but for the pairs that stand for what lies above U+FFFF. */
function compareBytes(one: string, other: string): number {
	if (one === other) return 0;
	const isSimple = !beyond.test(one) && !beyond.test(other);
	if (isSimple) return one < other ? -1 : 1;
	return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
