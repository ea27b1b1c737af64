import {mkdir, rmdir, stat} from 'node:fs/promises';
import {dirname, join, relative, sep} from 'node:path';
import {placeError} from './failure.ts';
import {reasonOf} from '../sources/source-options.ts';

/**
 * Makes the folders a run writes to, so that one that cannot be written is found before anything is read.
 * @returns how to take back what was made: a run that never starts leaves nothing of its own.
 */
export async function prepareFolders({
	out,
	state,
}: {
	readonly out: string;
	readonly state?: string | undefined;
}): Promise<() => Promise<void>> {
	const made: string[] = [];
	const folders = [['--out', out] as const, ['--state', state ?? join(out, '.twolane')] as const];
	const giveBack = async (): Promise<void> => {
		for (const [, path] of folders.toReversed()) await removeEmpty(path, made);
	};
	for (const [flag, path] of folders) {
		try {
			made.push(...(await makeFolder(path)));
		} catch (error) {
			await giveBack();
			throw placeError(`${flag} ${showPath(path)} cannot be made: ${reasonOf(error)}. Name a folder that can be written.`, error);
		}
	}
	return giveBack;
}

/**
 * Step by step: Node's own recursive `mkdir` never returns below a folder that takes no folders, such as /proc.
 * @returns the topmost folder that had to be made, if any.
 */
async function makeFolder(path: string): Promise<string[]> {
	if (await isFolder(path)) return [];
	const above = dirname(path);
	const made = above === path ? [] : await makeFolder(above);
	await mkdir(path);
	return made.length > 0 ? made : [path];
}

async function isFolder(path: string): Promise<boolean> {
	try {
		return (await stat(path)).isDirectory();
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
		throw error;
	}
}

/** Removes the folder and those above it, as far as this run made them and nobody uses them. */
async function removeEmpty(folder: string, made: readonly string[]): Promise<void> {
	for (let path = folder; made.some(top => path === top || path.startsWith(top + sep)); path = dirname(path)) {
		try {
			await rmdir(path);
		} catch {
			return;
		}
	}
}

/** A path as a person would write it: relative below the working directory, else whole. */
export function showPath(path: string): string {
	const way = relative('', path);
	return way === '' ? '.' : way.startsWith('..') ? path : way;
}
