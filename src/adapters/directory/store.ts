import {resolve} from 'node:path';
import {pathToFileURL} from 'node:url';
import type {ObjectStore} from '../../runs/object-store.ts';
import {keysBelow} from './keys.ts';
import {readingBelow} from './reading.ts';
import {temporaryFolderOf} from './temporaries.ts';
import {writingBelow} from './writing.ts';

export interface DirectoryStoreOptions {
	/** Where half-written files lie; made with the first of them. Default: `.twolane/tmp` below the root, or `tmp` in a `.twolane` itself. */
	readonly temporary?: string;
}

/**
 * Objects as files below a folder, made when needed. A file appears whole or not at all, also when the process is killed; it is not
 * forced to the disk, so a power failure may still lose the last ones. `put` leaves a file that already holds the bytes alone. An
 * etag is the sha256 of the content. `create` holds between processes, `replace` within a thread: the run's owner lock does the rest.
 */
export function directoryStore(root: string, {temporary}: DirectoryStoreOptions = {}): ObjectStore {
	const top = resolve(root);
	const keys = keysBelow(top);
	return {
		uri: pathToFileURL(top).href,
		isShared: false,
		...readingBelow(top, keys),
		...writingBelow({top, temporary: resolve(temporary ?? temporaryFolderOf(top))}, keys),
	};
}
