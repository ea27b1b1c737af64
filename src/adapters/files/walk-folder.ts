import {opendir, realpath} from 'node:fs/promises';
import {extname, join, resolve} from 'node:path';
import {TwolaneError} from '../../lanes/errors.ts';

export interface WalkOptions {
	readonly root: string;
	/** Absolute folders inside `root` that are left out with all they hold. */
	readonly exclude?: readonly string[];
	/** Folders below `root` that hold a folder of this name are left out: the outputs of an earlier run. */
	readonly leaveOutWith?: string;
	/** Lower case, without the dot; default: every file. */
	readonly extensions?: readonly string[];
	/** Called with each regular file that `extensions` leaves out. */
	readonly onLeftOut?: (path: string) => void;
}

/** Entries are asked for by the thousand: at Node's 32 a large folder costs thirty times the trips. */
const ENTRIES_PER_TRIP = 1024;

/**
 * The regular files below a folder as relative paths with `/`, ordered by their code units, without dot-files, dot-folders and
 * links. It holds the names of the folders on the way down, never those of the whole tree.
 * @throws TwolaneError `FILE_NOT_FOUND` or `FILE_UNREADABLE` when a folder cannot be listed: a silent gap would look like success.
 */
export async function* walkFolder({root, exclude = [], leaveOutWith, extensions, onLeftOut}: WalkOptions): AsyncGenerator<string> {
	const top = await resolveLinks(root);
	const excluded = new Set(await Promise.all(exclude.map(resolveLinks)));
	const wanted = extensions && new Set(extensions);
	const open: Folder[] = [await listFolder(top, '')];
	for (let folder = open.at(-1); folder; folder = open.at(-1)) {
		const name = folder.names[folder.next++];
		if (name === undefined) {
			open.pop();
			continue;
		}
		const path = folder.prefix + name;
		if (name.endsWith('/')) {
			if (!excluded.has(join(top, path.slice(0, -1)))) open.push(await listFolder(top, path, leaveOutWith));
		} else if (!wanted || wanted.has(extname(name).slice(1).toLowerCase())) {
			yield path;
		} else {
			onLeftOut?.(path);
		}
	}
}

interface Folder {
	/** Relative, with a `/` at its end; empty for the root. */
	readonly prefix: string;
	/** Sorted; a folder's name ends in `/`, which is also what makes its place right among `a-b`, `a/` and `a0`. */
	readonly names: readonly string[];
	next: number;
}

async function listFolder(top: string, prefix: string, leaveOutWith?: string): Promise<Folder> {
	const names: string[] = [];
	try {
		for await (const entry of await opendir(join(top, prefix), {bufferSize: ENTRIES_PER_TRIP})) {
			if (entry.name === leaveOutWith) return {prefix, names: [], next: 0};
			if (entry.name.startsWith('.')) continue;
			if (entry.isFile()) names.push(entry.name);
			else if (entry.isDirectory()) names.push(`${entry.name}/`);
		}
	} catch (error) {
		throw describeFailure(error, join(top, prefix));
	}
	return {prefix, names: names.sort(), next: 0};
}

function describeFailure(error: unknown, folder: string): TwolaneError {
	const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
	const code = reason === 'ENOENT' ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE';
	return new TwolaneError(code, `The folder ${folder} cannot be listed (${reason}). Check that it exists and may be read.`, {cause: error});
}

/** A folder may be named through a link; one that does not exist is what it says. */
async function resolveLinks(path: string): Promise<string> {
	return realpath(path).catch(() => resolve(path));
}
