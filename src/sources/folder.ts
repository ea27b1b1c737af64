import {stat} from 'node:fs/promises';
import {join} from 'node:path';
import {createHash} from 'node:crypto';
import {walkFolder} from '../adapters/files/walk-folder.ts';
import type {ManifestRow} from '../manifest/manifest-row.ts';
import type {SourceOptions} from './source-options.ts';

const FILES_PER_BATCH = 1000;

export interface FolderSource {
	/** Absolute. */
	readonly root: string;
	/** What the ids of its files begin with. */
	readonly prefix: string;
}

/** The files of a folder as rows, sorted. `onEnd` is told the sha256 of the listing: paths, sizes and times. */
export async function* readFolder(
	{root, prefix}: FolderSource,
	{exclude, extensions, onLeftOut, signal, onEnd}: SourceOptions & {readonly onEnd?: (sha256: string) => void},
): AsyncGenerator<readonly ManifestRow[]> {
	const listing = createHash('sha256').update(`${root}\n`);
	let batch: ManifestRow[] = [];
	let line = 0;
	const files = walkFolder({root, leaveOutWith: '.twolane', exclude, onLeftOut: onLeftOut ?? ignore, ...(extensions && {extensions})});
	for await (const file of files) {
		signal?.throwIfAborted();
		// Gone since it was listed: then it is no item.
		const stats = await stat(join(root, file)).catch(() => undefined);
		if (stats === undefined) continue;
		const {size, mtimeMs} = stats;
		listing.update(`${JSON.stringify(file)} ${size} ${mtimeMs}\n`);
		batch.push({line: ++line, value: prefix === '' ? {file} : {id: prefix + file, file}});
		if (batch.length < FILES_PER_BATCH) continue;
		yield batch;
		batch = [];
	}
	yield batch;
	onEnd?.(listing.digest('hex'));
}

const ignore = (): void => {};
