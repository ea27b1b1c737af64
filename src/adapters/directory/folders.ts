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
export const makeFolder = (folder: string): Promise<boolean> => untilFound(() => makeWithAbove(folder));

/** Most folders are there: looking first would cost a trip each. One that is missing is made, as often as it is removed meanwhile. */
export const withFolder = <T>(path: string, work: () => Promise<T>): Promise<T> => untilFound(work, () => makeFolder(dirname(path)));

async function untilFound<T>(work: () => Promise<T>, prepare?: () => Promise<unknown>): Promise<T> {
	for (let tries = 1; ; tries++) {
		try {
			return await work();
		} catch (error) {
			if (!hasCode(error, 'ENOENT') || tries === MAX_TRIES) throw error;
		}
		await prepare?.();
	}
}

async function makeWithAbove(folder: string): Promise<boolean> {
	try {
		return await makeOne(folder);
	} catch (error) {
		const above = dirname(folder);
		if (!hasCode(error, 'ENOENT') || above === folder) throw error;
		await makeWithAbove(above);
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

/** Removes the folder and those above it, up to `top`, as far as they hold nothing. Whoever writes there makes them again. */
export async function removeEmpty(folder: string, top: string): Promise<void> {
	for (let path = folder; path.startsWith(top + sep); path = dirname(path)) {
		try {
			await rmdir(path);
		} catch {
			return;
		}
	}
}
