import {mkdir, rmdir} from 'node:fs/promises';
import {dirname, sep} from 'node:path';
import {hasCode} from './failures.ts';

/** Forgotten all at once when there are more: it only costs a trip each. */
const MAX_KNOWN_FOLDERS = 10_000;

/** How often somebody else may remove a folder, as an empty one, before there is something in it. */
const MAX_TRIES = 100;

/**
 * Makes the folder and those above it. Step by step: Node's own recursive `mkdir` never returns below a folder that takes no
 * folders, such as /proc.
 * @returns whether it was made just now, and therefore holds nothing.
 */
export async function makeFolder(folder: string): Promise<boolean> {
	return await whileFoldersVanish(
		() => makeOne(folder),
		() => makeAbove(folder),
	);
}

/** The folders on the way to `folder`; without any tries of its own, which would multiply. */
async function makeAbove(folder: string): Promise<void> {
	const missing: string[] = [];
	for (let path = dirname(folder); ; path = dirname(path)) {
		try {
			await makeOne(path);
			break;
		} catch (error) {
			if (!hasCode(error, 'ENOENT') || path === dirname(path)) throw error;
			missing.push(path);
		}
	}
	for (const path of missing.toReversed()) await makeOne(path);
}

/** Most folders are there: looking first would cost a trip each. What is missing is made, again where it is removed meanwhile. */
export const withFolder = <T>(path: string, work: () => Promise<T>): Promise<T> =>
	whileFoldersVanish(work, async () => void (await makeFolder(dirname(path))));

/** A file of that name shows itself in whatever is done next: ENOTDIR. */
async function makeOne(folder: string): Promise<boolean> {
	try {
		await mkdir(folder);
		return true;
	} catch (error) {
		if (hasCode(error, 'EEXIST', 'EISDIR')) return false;
		throw error;
	}
}

/** `makeFolder` that remembers, so that the second output of an item costs no trip. */
export function rememberFolders(): (folder: string) => Promise<boolean> {
	const known = new Set<string>();
	return async folder => {
		if (known.has(folder)) return false;
		const isNew = await makeFolder(folder);
		if (known.size >= MAX_KNOWN_FOLDERS) known.clear();
		known.add(folder);
		return isNew;
	};
}
