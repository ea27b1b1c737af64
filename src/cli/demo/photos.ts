import {availableParallelism} from 'node:os';
import {fileURLToPath} from 'node:url';
import pMap from 'p-map';
import {Piscina} from 'piscina';
import {sourceOrBuilt} from '../../adapters/pool/source-or-built.ts';
import {openPhotoFolder} from './photo-folder.ts';
import type {PhotoFolder} from './photo-folder.ts';
import {DIFFERENT_PHOTOS, planPhoto} from './photo.ts';
import type {Photo} from './photo.ts';

interface MakePhotos {
	readonly directory: string;
	/** How many: 0 or more. From the 201st on, photos are links to earlier ones. */
	readonly count: number;
	/** Told at the start how many are there already, then after each one made. */
	readonly onProgress?: (done: number, total: number) => void;
	/** Once aborted no further photo is begun; those in hand are finished, within a second. */
	readonly signal?: AbortSignal;
}

/**
 * Makes the sample photos that the folder does not hold yet, and describes all of them. Each appears whole or not at all, so that
 * an interrupted making goes on where it was, and two at once do no harm.
 * @throws RangeError on a count that is no whole number of 0 or more; TwolaneError `STORE_*`; the signal's reason.
 */
export async function makePhotos({directory, count, onProgress, signal}: MakePhotos): Promise<readonly Photo[]> {
	if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`count must be a whole number, 0 or more; got ${count}.`);
	signal?.throwIfAborted();
	const photos = Array.from({length: count}, (_, n) => planPhoto(n));
	const folder = await openPhotoFolder(directory);
	const missing = [...photos.keys()].filter(n => !folder.present.has(photos[n]!.name));
	let done = count - missing.length;
	onProgress?.(done, count);
	const making: Making = {folder, signal, report: () => onProgress?.(++done, count)};
	await renderPhotos(
		missing.filter(n => n < DIFFERENT_PHOTOS),
		making,
	);
	await repeatPhotos(
		missing.filter(n => n >= DIFFERENT_PHOTOS),
		making,
	);
	signal?.throwIfAborted();
	return photos.map(({name, width, height, format, orientation}) => ({name, width, height, format, orientation}));
}

interface Making {
	readonly folder: PhotoFolder;
	readonly signal: AbortSignal | undefined;
	readonly report: () => void;
}

const RENDERER = sourceOrBuilt(new URL('./render-photo.ts', import.meta.url));

/** One photo a core: painting is JavaScript, so it wants threads; the files are written here, where errors keep their code. */
async function renderPhotos(numbers: readonly number[], {folder, signal, report}: Making): Promise<void> {
	if (numbers.length === 0) return;
	const threads = Math.min(availableParallelism(), numbers.length);
	const pool = new Piscina<number, Uint8Array>({filename: fileURLToPath(RENDERER), minThreads: threads, maxThreads: threads});
	try {
		await pMap(
			numbers,
			async n => {
				// Not an abort of the pool: it would kill a thread in the middle of a native call.
				if (signal?.aborted) return;
				await folder.write(planPhoto(n).name, await pool.run(n));
				report();
			},
			{concurrency: threads},
		);
	} finally {
		await pool.destroy();
	}
}

const LINKS_AT_ONCE = 16;

async function repeatPhotos(numbers: readonly number[], {folder, signal, report}: Making): Promise<void> {
	await pMap(
		numbers,
		async n => {
			if (signal?.aborted) return;
			await folder.repeat(planPhoto(n % DIFFERENT_PHOTOS).name, planPhoto(n).name);
			report();
		},
		{concurrency: LINKS_AT_ONCE},
	);
}
