import {mkdir, rmdir, stat} from 'node:fs/promises';
import {dirname, join, relative, resolve, sep} from 'node:path';
import {parseS3} from '../adapters/s3/address.ts';
import {type Place, openPlace} from '../local/place.ts';
import type {ObjectStore} from '../runs/object-store.ts';
import {reasonOf} from '../sources/source-options.ts';
import {openStore} from '../wire.ts';
import {s3Access} from './environment.ts';
import {placeError, usageError} from './failure.ts';

/** Where a run's outputs go and its records lie: folders, absolute, or `s3://` places. */
export interface WhereToRun {
	readonly out: string;
	readonly state?: string | undefined;
}

export const isS3Place = (word: string): boolean => word.startsWith('s3://');

/** A place of the command line, as it is opened: a folder becomes absolute. */
export const absolute = (word: string): string => (isS3Place(word) ? word.replace(/\/+$/u, '') : resolve(word));

/** Refuses addresses where no run can be. */
export function checkPlace(flag: '--out' | '--state', word: string): void {
	if (!word.includes('://')) return;
	if (parseS3(word) === undefined) throw usageError(`${flag} ${word}: name a folder, or a place in S3, such as s3://bucket/prefix.`);
}

/** Opens a place that may be in S3. */
export async function openPlaceAt({out, state}: WhereToRun): Promise<Place> {
	return openPlace({out: await openEither(out), state: state === undefined ? undefined : await openEither(state)});
}

const openEither = async (word: string): Promise<string | ObjectStore> => (isS3Place(word) ? await openStore(word, s3Access()) : word);

/**
 * Makes the folders a run writes to, so that one that cannot be written is found before anything is read.
 * @returns how to take back what was made: a run that never starts leaves nothing of its own.
 */
export async function prepareFolders(where: WhereToRun): Promise<() => Promise<void>> {
	const made: string[] = [];
	const folders = foldersOf(where);
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

/** Those of them that are folders, with the flag that names each. */
export function foldersOf({out, state}: WhereToRun): readonly (readonly ['--out' | '--state', string])[] {
	const records = state ?? (isS3Place(out) ? out : join(out, '.twolane'));
	return ([['--out', out] as const, ['--state', records] as const] as const).filter(([, place]) => !isS3Place(place));
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

/** A path as a person would write it: relative below the working directory, else whole; an address as it is. */
export function showPath(path: string): string {
	if (path.includes('://')) return path.replace(/\/+$/u, '');
	const way = relative('', path);
	return way === '' ? '.' : way.startsWith('..') ? path : way;
}
