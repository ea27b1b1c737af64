import {hash, randomUUID} from 'node:crypto';
import {readdir, rm, stat} from 'node:fs/promises';
import {basename, join, resolve} from 'node:path';
import {describeFailure, isAbsence} from './failures.ts';
import {removeEmpty} from './folders.ts';
import {currentPlace, findProcess} from './processes.ts';

/** Where a temporary file of another machine counts as forgotten: nobody here can ask for its process. */
const FORGOTTEN_MS = 24 * 3_600_000;

/** `.{pid}-{hash of the place}-{token}-{n}.tmp` */
const pattern = /^\.(?<pid>\d+)-(?<place>[0-9a-f]{8})-[0-9a-f]{8}-\d+\.tmp$/u;

export const isTemporary = (name: string): boolean => pattern.test(name);

/** Outputs and state share one folder for what is half written, so that a kill leaves nothing between a person's files. */
export const temporaryFolderOf = (root: string): string => join(root, ...(basename(root) === '.twolane' ? ['tmp'] : ['.twolane', 'tmp']));

/** Names that no other process, thread or store uses. */
export function temporaryNames(): () => string {
	const start = `.${process.pid}-${hashPlace()}-${randomUUID().slice(0, 8)}`;
	let count = 0;
	return () => `${start}-${count++}.tmp`;
}

/**
 * Removes the temporary files of processes that no longer live, then the folder itself if nothing is left in it. Safe while others
 * write into the same root.
 * @throws TwolaneError `STORE_*`
 */
export async function removeLeftovers(root: string, {temporary}: {readonly temporary?: string} = {}): Promise<void> {
	const top = resolve(root);
	const folder = resolve(temporary ?? temporaryFolderOf(top));
	try {
		await removeLeftoversIn(folder);
	} catch (error) {
		throw describeFailure(error, '', folder, 'removed');
	}
	await removeEmpty(folder, top);
}

export async function removeLeftoversIn(folder: string): Promise<void> {
	for (const name of await readNames(folder)) {
		const path = join(folder, name);
		if (await isLeftover(path)) await rm(path, {force: true});
	}
}

async function isLeftover(path: string): Promise<boolean> {
	const {pid, place} = pattern.exec(basename(path))?.groups ?? {};
	if (pid === undefined) return false;
	const stats = await stat(path).catch(() => undefined);
	if (stats === undefined) return false;
	if (place !== hashPlace()) return Date.now() - stats.mtimeMs > FORGOTTEN_MS;
	// In a container every process may be number 1.
	if (Number(pid) === process.pid) return stats.mtimeMs < Date.now() - process.uptime() * 1000;
	return (await findProcess(Number(pid))) === undefined;
}

async function readNames(folder: string): Promise<readonly string[]> {
	try {
		return await readdir(folder);
	} catch (error) {
		if (isAbsence(error)) return [];
		throw error;
	}
}

const hashPlace = (): string => hash('sha256', JSON.stringify(currentPlace()), 'hex').slice(0, 8);
