import {createHash} from 'node:crypto';
import {createReadStream, createWriteStream} from 'node:fs';
import {mkdir, rename, rm, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import type {RunFiles} from '../../runs/files.ts';
import {describeFailure} from './failures.ts';

/** The folder of one run on this disk; made with its first file. */
export function runFolder(root: string): RunFiles {
	/** A file appears under its name only when it is whole. */
	async function writeThrough(key: string, write: (temporary: string) => Promise<void>): Promise<void> {
		const path = join(root, key);
		const temporary = `${path}.${process.pid}.tmp`;
		try {
			await mkdir(dirname(path), {recursive: true});
			await write(temporary);
			await rename(temporary, path);
		} catch (error) {
			await rm(temporary, {force: true}).catch(() => {});
			throw describeFailure(error, key, root);
		}
	}

	return {
		async write(key, text) {
			await writeThrough(key, temporary => writeFile(temporary, text));
			return {bytes: Buffer.byteLength(text), sha256: createHash('sha256').update(text).digest('hex')};
		},
		async writeAll(key, texts) {
			// An error of the texts themselves is not the disk's: it goes on as it is.
			let ownError: unknown;
			const guarded = async function* () {
				try {
					yield* texts;
				} catch (error) {
					ownError = error;
					throw error;
				}
			};
			try {
				await writeThrough(key, temporary => pipeline(Readable.from(guarded()), createWriteStream(temporary)));
			} catch (error) {
				throw ownError ?? error;
			}
		},
		async *lines(key) {
			// Not readline: it also splits at U+2028 and U+2029, which JSON leaves as they are.
			let rest = '';
			for await (const chunk of createReadStream(join(root, key), {encoding: 'utf8'})) {
				const lines = (rest + (chunk as string)).split('\n');
				rest = lines.pop() ?? '';
				yield* lines;
			}
			if (rest !== '') yield rest;
		},
	};
}
