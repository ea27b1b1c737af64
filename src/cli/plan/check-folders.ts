import {constants} from 'node:fs';
import {access, stat} from 'node:fs/promises';
import {dirname} from 'node:path';
import {reasonOf} from '../../sources/source-options.ts';
import {placeError} from '../failure.ts';
import {type WhereToRun, foldersOf, showPath} from '../run-place.ts';

/** Refuses folders that `run` could not make, or not write to, without making them. */
export async function checkFolders(where: WhereToRun): Promise<void> {
	for (const [flag, path] of foldersOf(where)) {
		const reason = await findObstacle(path);
		if (reason !== undefined) throw placeError(`${flag} ${showPath(path)} cannot be made: ${reason}. Name a folder that can be written.`);
	}
}

/** Looks at the folder, or at the one it would be made in. */
async function findObstacle(path: string): Promise<string | undefined> {
	const above = dirname(path);
	try {
		if (!(await stat(path)).isDirectory()) return 'a file of this name is in the way';
		await access(path, constants.W_OK | constants.X_OK);
		return undefined;
	} catch (error) {
		const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT' && above !== path;
		return isMissing ? await findObstacle(above) : reasonOf(error);
	}
}
