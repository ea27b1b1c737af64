import {mkdir} from 'node:fs/promises';
import {dirname} from 'node:path';
import {hasCode} from './failures.ts';

/** Forgotten all at once when there are more: it only costs a trip each. */
const MAX_KNOWN_FOLDERS = 10_000;

/**
 * Makes the folder and those above it. Step by step: Node's own recursive `mkdir` never returns below a folder that takes no
 * folders, such as /proc.
 * @returns whether it was made just now, and therefore holds nothing.
 */
export async function makeFolder(folder: string): Promise<boolean> {
	try {
		return await makeOne(folder);
	} catch (error) {
		const above = dirname(folder);
		if (!hasCode(error, 'ENOENT') || above === folder) throw error;
		await makeFolder(above);
		return await makeOne(folder);
	}
}

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
