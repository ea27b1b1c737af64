import {type FileHandle, open, readFile, readdir, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {describeFailure, isAbsence} from './failures.ts';
import {claimFile, replaceFile, wholeFiles} from './whole-files.ts';

/** The numbered files that owner and contenders of a folder know each other by. */
export interface LockFiles {
	/** The numbers there are, in any order. Need not be of one moment: what comes or goes meanwhile may be in it or not. */
	list(): Promise<readonly number[]>;
	read(number: number): Promise<string | undefined>;
	/** `false`: somebody has that number already. */
	create(number: number, text: string): Promise<boolean>;
	replace(number: number, text: string): Promise<void>;
	/** `replace` that needs no room on the disk: the same bytes of it are written again, at once, but a power failure may tear them. */
	overwrite(number: number, text: string): Promise<void>;
	remove(number: number): Promise<void>;
	pathOf(number: number): string;
}

export function lockFiles(folder: string): LockFiles {
	const files = wholeFiles(folder);
	const nameOf = (number: number): string => `owner-${number}.json`;
	const pathOf = (number: number): string => join(folder, nameOf(number));

	async function onDisk<T>(number: number, action: 'read' | 'written' | 'removed', work: () => Promise<T>): Promise<T> {
		try {
			return await work();
		} catch (error) {
			throw describeFailure(error, nameOf(number), folder, action);
		}
	}

	/** Forced to the disk: a power failure must not leave a name without its text, which nobody could judge. */
	const filledWith =
		(text: string) =>
		async (file: FileHandle): Promise<void> => {
			await file.writeFile(text);
			await file.sync();
		};

	return {
		async list() {
			try {
				const names = await readdir(folder);
				return names.flatMap(name => /^owner-(?<number>[1-9]\d{0,14})\.json$/u.exec(name)?.groups?.['number'] ?? []).map(Number);
			} catch (error) {
				if (isAbsence(error)) return [];
				throw describeFailure(error, '', folder, 'listed');
			}
		},
		read: number =>
			onDisk(number, 'read', async () => {
				try {
					return await readFile(pathOf(number), 'utf8');
				} catch (error) {
					if (isAbsence(error)) return undefined;
					throw error;
				}
			}),
		create: (number, text) => onDisk(number, 'written', () => files.appear(pathOf(number), {fill: filledWith(text), move: claimFile})),
		async replace(number, text) {
			await onDisk(number, 'written', () => files.appear(pathOf(number), {fill: filledWith(text), move: replaceFile}));
		},
		overwrite: (number, text) => onDisk(number, 'written', () => overwrite(pathOf(number), text)),
		remove: number => onDisk(number, 'removed', () => rm(pathOf(number), {force: true})),
		pathOf,
	};
}

/** In one write and without a change of the length: a reader in between finds the old text or the new one. */
async function overwrite(path: string, text: string): Promise<void> {
	const file = await open(path, 'r+');
	try {
		const {size} = await file.stat();
		const bytes = Buffer.alloc(Math.max(size, Buffer.byteLength(text)), ' ');
		bytes.write(text);
		await file.write(bytes, 0, bytes.length, 0);
		await file.sync();
	} finally {
		await file.close();
	}
}
