import {mkdir, rm, rmdir, stat} from 'node:fs/promises';
import {dirname, join, relative, sep} from 'node:path';
import {placeError} from './failure.ts';
import {reasonOf} from './sources.ts';

/** Where a run writes: `out` is there, and so is the way to its own `folder`. */
export interface RunPlace {
	readonly folder: string;
	/** A run that never starts leaves nothing that it made itself. */
	readonly giveBack: () => Promise<void>;
}

export async function openRunPlace({
	out,
	state,
	runId,
}: {
	readonly out: string;
	readonly state: string;
	readonly runId: string;
}): Promise<RunPlace> {
	const folder = join(state, 'runs', runId);
	const made: string[] = [];
	for (const [flag, path] of [
		['--out', out],
		['--state', state],
	] as const) {
		try {
			made.push(...(await makeFolder(path)));
		} catch (error) {
			await removeEmpty(out, made);
			throw placeError(`${flag} ${showPath(path)} cannot be made: ${reasonOf(error)}. Name a folder that can be written.`, error);
		}
	}
	return {
		folder,
		async giveBack() {
			await rm(folder, {recursive: true, force: true});
			await removeEmpty(dirname(folder), made);
			await removeEmpty(out, made);
		},
	};
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
