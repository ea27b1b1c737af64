import {rmSync} from 'node:fs';
import {mkdtemp} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Place} from '../local/place.ts';
import {openPlace} from '../local/place.ts';
import {reasonOf} from '../sources/source-options.ts';
import {placeError} from './failure.ts';

/** Lends a temporary folder, gone at the end of `work`, also when a second Ctrl-C, or the launcher's death, ends the process at once. */
export async function withScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
	const folder = await mkdtemp(join(tmpdir(), 'twolane-')).catch((error: unknown) => {
		throw placeError(`A temporary folder cannot be made in ${tmpdir()}: ${reasonOf(error)}. Name another one with TMPDIR.`, error);
	});
	const remove = (): void => rmSync(folder, {recursive: true, force: true});
	process.once('exit', remove);
	// Ahead of whoever ends the process then.
	process.prependOnceListener('disconnect', remove);
	try {
		return await work(folder);
	} finally {
		process.off('exit', remove);
		process.off('disconnect', remove);
		remove();
	}
}

/** The place with another folder for its state: whatever is written goes there. */
export const withState = (place: Place, folder: string): Place => ({
	...place,
	ports: {...place.ports, state: openPlace({out: folder, state: folder}).ports.state},
});
