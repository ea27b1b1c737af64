import {createHash, hash} from 'node:crypto';
import {constants, open, type FileHandle} from 'node:fs/promises';
import {hasCode, isAbsence} from './failures.ts';

const CHUNK_BYTES = 256 * 1024;

export interface OpenObject {
	readonly file: FileHandle;
	readonly bytes: number;
}

/** The object's file, for the caller to close; `undefined` where there is none. A link, a folder or a pipe of that name is none. */
export async function openObject(path: string): Promise<OpenObject | undefined> {
	const file = await openUnfollowed(path);
	if (file === undefined) return undefined;
	try {
		const stats = await file.stat();
		if (stats.isFile()) return {file, bytes: stats.size};
	} catch (error) {
		await file.close();
		throw error;
	}
	await file.close();
	return undefined;
}

/** `openObject` that closes it itself. */
export async function withObject<T>(path: string, use: (object: OpenObject) => Promise<T>): Promise<T | undefined> {
	const object = await openObject(path);
	if (object === undefined) return undefined;
	try {
		return await use(object);
	} finally {
		await object.file.close();
	}
}

async function openUnfollowed(path: string): Promise<FileHandle | undefined> {
	try {
		// Not to follow a link, and not to wait for the other end of a pipe.
		return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
	} catch (error) {
		if (isAbsence(error) || hasCode(error, 'ELOOP', 'ENXIO', 'EISDIR')) return undefined;
		throw error;
	}
}

/** The bytes from `start` to before `end`, as far as there are any. */
export async function* readRange(
	{file, bytes}: OpenObject,
	{start = 0, end = bytes}: {readonly start?: number; readonly end?: number} = {},
) {
	const stop = Math.min(end, bytes);
	for (let at = start; at < stop;) {
		const length = Math.min(CHUNK_BYTES, stop - at);
		const {buffer, bytesRead} = await file.read(Buffer.allocUnsafeSlow(length), 0, length, at);
		// Somebody shortened the file meanwhile, which we never do.
		if (bytesRead === 0) return;
		at += bytesRead;
		yield buffer.subarray(0, bytesRead);
	}
}

export const hashBytes = (bytes: Uint8Array): string => hash('sha256', bytes, 'hex');

export async function hashObject(object: OpenObject): Promise<string> {
	const sum = createHash('sha256');
	for await (const chunk of readRange(object)) sum.update(chunk);
	return sum.digest('hex');
}
