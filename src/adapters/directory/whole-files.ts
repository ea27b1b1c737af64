import {constants, copyFile, link, lstat, open, rename, rm, type FileHandle} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import {hasCode} from './failures.ts';
import {withFolder} from './folders.ts';
import {inTurn} from './in-turn.ts';
import {temporaryNames} from './temporaries.ts';

/** How a finished temporary file gets its final name; `false`: it does not. */
type Move = (temporary: string, path: string) => Promise<boolean>;

interface Appearance {
	readonly fill: (file: FileHandle) => Promise<void>;
	readonly move: Move;
}

/** Files that appear under their name only when they are whole. */
export interface WholeFiles {
	/** Makes the folders on the way. @returns whether the file got its name. Otherwise, and after an error, nothing of it is left. */
	appear(path: string, appearance: Appearance): Promise<boolean>;
}

/** Half-written files lie in `folder`, which is made with the first of them. */
export function wholeFiles(folder: string): WholeFiles {
	const nextName = temporaryNames();
	return {
		async appear(path, {fill, move}) {
			const temporary = join(folder, nextName());
			try {
				const file = await openNew(temporary);
				try {
					await fill(file);
				} finally {
					await file.close();
				}
				const isMoved = await moveAnywhere(temporary, path, move);
				// A rename has taken the temporary name away: one trip less for most files.
				if (!isMoved || move !== replaceFile) await removeQuietly(temporary);
				return isMoved;
			} catch (error) {
				await removeQuietly(temporary);
				throw error;
			}
		},
	};
}

export const replaceFile: Move = async (temporary, path) => {
	await rename(temporary, path);
	return true;
};

/** Only one of many gets the name: the others find it taken. */
export const createFile: Move = (temporary, path) => linkFile(temporary, path, lookThenRename);

/** `createFile` that is exact even where there are no hard links; there a kill may leave a part under the name. */
export const claimFile: Move = (temporary, path) => linkFile(temporary, path, copyExclusively);

/** exFAT and some network and shared folders have no hard links: `otherwise` is for them. */
async function linkFile(temporary: string, path: string, otherwise: Move): Promise<boolean> {
	try {
		await link(temporary, path);
		return true;
	} catch (error) {
		if (hasCode(error, 'EEXIST')) return false;
		if (!hasCode(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS')) throw error;
		return await otherwise(temporary, path);
	}
}

/** Exact within this thread; between processes the run's owner lock has to do. */
const lookThenRename: Move = (temporary, path) =>
	inTurn(path, async () => {
		const isThere = await lstat(path).then(
			() => true,
			() => false,
		);
		return !isThere && (await replaceFile(temporary, path));
	});

const copyExclusively: Move = async (temporary, path) => {
	try {
		await copyFile(temporary, path, constants.COPYFILE_EXCL);
		return true;
	} catch (error) {
		if (hasCode(error, 'EEXIST')) return false;
		throw error;
	}
};

/** Where it cannot be removed, the next run does it. */
const removeQuietly = (temporary: string): Promise<void> => rm(temporary, {force: true}).catch(() => {});

const openNew = (path: string): Promise<FileHandle> => withFolder(path, () => open(path, 'wx'));

async function moveAnywhere(temporary: string, path: string, move: Move): Promise<boolean> {
	try {
		return await withFolder(path, () => move(temporary, path));
	} catch (error) {
		if (!hasCode(error, 'EXDEV')) throw error;
	}
	// A link or a mount leads to another disk: only what lies there can be renamed there.
	const beside = join(dirname(path), basename(temporary));
	try {
		await withFolder(beside, () => copyFile(temporary, beside));
		return await move(beside, path);
	} finally {
		await Promise.all([temporary, beside].map(removeQuietly));
	}
}
