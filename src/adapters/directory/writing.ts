import {type FileHandle, lstat, unlink} from 'node:fs/promises';
import {dirname} from 'node:path';
import {watchErrors} from '../../lanes/watch-errors.ts';
import type {ObjectStore} from '../../runs/object-store.ts';
import {isAbsence} from './failures.ts';
import {rememberFolders, removeEmpty} from './folders.ts';
import {gatherChunks} from './gather-chunks.ts';
import {inTurn} from './in-turn.ts';
import type {Keys} from './keys.ts';
import {hashBytes, hashObject, withObject} from './objects.ts';
import {createFile, replaceFile, wholeFiles} from './whole-files.ts';

type Writing = Pick<ObjectStore, 'create' | 'put' | 'remove' | 'replace' | 'write'>;

/** The half of the store that writes below `top`, by way of the folder `temporary`. */
export function writingBelow(
	{top, temporary}: {readonly top: string; readonly temporary: string},
	{pathOf, onDisk, failure}: Keys,
): Writing {
	const files = wholeFiles(temporary);
	const makeFolder = rememberFolders();

	async function put(
		path: string,
		body: Uint8Array,
		{sha256, signal}: {readonly sha256: string; readonly signal: AbortSignal},
	): Promise<void> {
		const isNewFolder = await makeFolder(dirname(path));
		if (!isNewFolder && (await holds(path, body, sha256))) return;
		signal.throwIfAborted();
		const fill = async (file: FileHandle): Promise<void> => {
			await file.writeFile(body, {signal});
			signal.throwIfAborted();
		};
		await files.appear(path, {fill, move: replaceFile});
	}

	async function replace(path: string, body: Uint8Array | string, etag: string): Promise<boolean> {
		const move = async (from: string, to: string): Promise<boolean> =>
			(await withObject(path, hashObject)) === etag && (await replaceFile(from, to));
		return await inTurn(path, () => files.appear(path, {fill: file => file.writeFile(body), move}));
	}

	return {
		async put(key, body, {signal}) {
			const path = pathOf(key);
			signal.throwIfAborted();
			const sha256 = hashBytes(body);
			try {
				await put(path, body, {sha256, signal});
			} catch (error) {
				signal.throwIfAborted();
				throw failure(error, key, 'written');
			}
			return {sha256};
		},

		async create(key, body) {
			const path = pathOf(key);
			return await onDisk(key, 'written', () => files.appear(path, {fill: file => file.writeFile(body), move: createFile}));
		},

		async replace(key, body, {etag}) {
			const path = pathOf(key);
			return await onDisk(key, 'written', () => replace(path, body, etag));
		},

		async write(key, chunks) {
			const path = pathOf(key);
			const {watched, isOwn} = watchErrors(chunks);
			const fill = async (file: FileHandle): Promise<void> => {
				for await (const bytes of gatherChunks(watched)) await file.writeFile(bytes);
			};
			try {
				await files.appear(path, {fill, move: replaceFile});
			} catch (error) {
				throw isOwn(error) ? error : failure(error, key, 'written');
			}
		},

		async remove(key) {
			const path = pathOf(key);
			await onDisk(key, 'removed', async () => {
				if (await removeFile(path)) await removeEmpty(dirname(path), top);
			});
		},
	};
}

/** Whether the file is there with these bytes; not to be able to tell is no. */
async function holds(path: string, body: Uint8Array, sha256: string): Promise<boolean> {
	try {
		return (await withObject(path, async object => object.bytes === body.length && (await hashObject(object)) === sha256)) ?? false;
	} catch {
		return false;
	}
}

/** @returns whether there was one. */
async function removeFile(path: string): Promise<boolean> {
	try {
		if (!(await lstat(path)).isFile()) return false;
		await unlink(path);
		return true;
	} catch (error) {
		if (isAbsence(error)) return false;
		throw error;
	}
}
