import {hash, randomUUID} from 'node:crypto';
import {lstat, mkdir, readFile, rename, rm, writeFile} from 'node:fs/promises';
import {dirname, join, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';
import {TwolaneError} from '../../lanes/errors.ts';
import type {Store} from '../../lanes/ports.ts';
import {describeFailure, hasCode} from './failures.ts';

/** Folders known to exist, so that the second output of an item costs no `mkdir`. Forgotten all at once: it only costs a trip each. */
const MAX_KNOWN_FOLDERS = 10_000;

/**
 * Outputs as files below a folder, made when needed. An output appears whole or not at all, also when the process is killed; it is
 * not forced to the disk, so a power failure may still lose the last ones. A file that already holds the bytes is left alone.
 */
export function directoryStore(root: string): Store {
	const top = resolve(root);
	const knownFolders = new Set<string>();
	// The token tells threads of one process apart, which share its id.
	const token = `${process.pid}-${randomUUID().slice(0, 8)}`;
	let temporaryFiles = 0;

	/** Whether the folder was made just now, and therefore holds nothing. */
	async function makeFolder(folder: string): Promise<boolean> {
		if (knownFolders.has(folder)) return false;
		const made = await mkdir(folder, {recursive: true});
		if (knownFolders.size >= MAX_KNOWN_FOLDERS) knownFolders.clear();
		knownFolders.add(folder);
		return made !== undefined;
	}

	async function write(path: string, body: Uint8Array, sha256: string, signal: AbortSignal): Promise<void> {
		const folder = dirname(path);
		const isNew = await makeFolder(folder);
		if (!isNew && (await holds(path, body.length, sha256))) return;
		signal.throwIfAborted();
		const temporary = join(folder, `.${token}-${temporaryFiles++}.tmp`);
		try {
			await writeFile(temporary, body, {flag: 'wx', signal});
			signal.throwIfAborted();
			await rename(temporary, path);
		} catch (error) {
			await rm(temporary, {force: true}).catch(() => {});
			throw error;
		}
	}

	/** Someone may have removed a folder that we remember. */
	async function writeIntoFolder(path: string, body: Uint8Array, sha256: string, signal: AbortSignal): Promise<void> {
		try {
			await write(path, body, sha256, signal);
		} catch (error) {
			if (!hasCode(error, 'ENOENT') || !knownFolders.delete(dirname(path))) throw error;
			await write(path, body, sha256, signal);
		}
	}

	return {
		uri: pathToFileURL(top).href,
		async put(key, body, {signal}) {
			requireInside(key);
			signal.throwIfAborted();
			const sha256 = hash('sha256', body, 'hex');
			try {
				await writeIntoFolder(join(top, key), body, sha256, signal);
			} catch (error) {
				signal.throwIfAborted();
				throw describeFailure(error, key, top);
			}
			return {sha256};
		},
	};
}

/** Whether the file is already there with these bytes. A link or a folder of that name is not the file. */
async function holds(path: string, bytes: number, sha256: string): Promise<boolean> {
	const stats = await lstat(path).catch(() => undefined);
	if (!stats?.isFile() || stats.size !== bytes) return false;
	const found = await readFile(path).catch(() => undefined);
	return found !== undefined && hash('sha256', found, 'hex') === sha256;
}

/** Keys are made safe before they come here; one that is not is our own bug. */
function requireInside(key: string): void {
	const isSafe = !/[\0\\]/u.test(key) && key.split('/').every(part => part !== '' && part !== '.' && part !== '..');
	if (!isSafe) throw new TwolaneError('INTERNAL', `The key ${JSON.stringify(key)} does not name a file inside the output folder.`);
}
