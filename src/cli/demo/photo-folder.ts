import {link, mkdir, readFile, readdir} from 'node:fs/promises';
import {homedir} from 'node:os';
import {isAbsolute, join, resolve} from 'node:path';
import {directoryStore} from '../../adapters/directory/store.ts';
import {removeLeftovers} from '../../adapters/directory/temporaries.ts';
import {TwolaneError} from '../../lanes/errors.ts';

/** Raise it when a change makes other photos, so that a newer twolane does not serve old ones. */
const VERSION = 1;

/** Where the photos are kept between demos: `$XDG_CACHE_HOME/twolane/photos-v1`, by default below `~/.cache`. */
export function defaultPhotoDirectory(env: Readonly<Record<string, string | undefined>>): string {
	const given = env.XDG_CACHE_HOME ?? '';
	// The XDG specification: a path that is not absolute is to be ignored.
	const cache = isAbsolute(given) ? given : join(homedir(), '.cache');
	return join(cache, 'twolane', `photos-v${VERSION}`);
}

/** The cached photos: what is there, and how more get there. Each appears whole or not at all. */
export interface PhotoFolder {
	readonly present: ReadonlySet<string>;
	write(name: string, bytes: Uint8Array): Promise<void>;
	/** Gives a photo a second name. */
	repeat(original: string, name: string): Promise<void>;
}

/** @throws TwolaneError `STORE_DENIED` when the folder can neither be found nor made. */
export async function openPhotoFolder(directory: string): Promise<PhotoFolder> {
	const folder = resolve(directory);
	const store = directoryStore(folder);
	const {signal} = new AbortController();
	const write = async (name: string, bytes: Uint8Array) => void (await store.put(name, bytes, {signal}));
	return {
		present: await listPhotos(folder),
		write,
		async repeat(original, name) {
			try {
				await link(join(folder, original), join(folder, name));
			} catch {
				// There already, or a file system without links. The store leaves equal bytes alone.
				await write(name, await readFile(join(folder, original)));
			}
		},
	};
}

async function listPhotos(folder: string): Promise<ReadonlySet<string>> {
	try {
		await mkdir(folder, {recursive: true});
		// A killed making leaves a temporary file behind.
		await removeLeftovers(folder);
		return new Set(await readdir(folder));
	} catch (error) {
		const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
		const advice = 'Set XDG_CACHE_HOME to a folder that can be written.';
		throw new TwolaneError('STORE_DENIED', `the sample photos cannot be kept in ${folder} (${reason}). ${advice}`, {cause: error});
	}
}
