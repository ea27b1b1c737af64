import {link, mkdtemp, opendir, rename, rm, statfs, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {reasonOf} from '../../sources/source-options.ts';
import {showPath} from '../run-place.ts';
import {type Finding, roundBytes} from './finding.ts';

const LITTLE_BYTES = 1024 ** 3;

/** How the disk gives a file a second name: tests have disks that cannot. */
export type Link = (from: string, to: string) => Promise<void>;

/** Tries in the folder, or where it would be made, what a run does there; nothing of it is left. */
export async function checkDisk(folder: string, {link: tryLink = link}: {readonly link?: Link} = {}): Promise<Finding> {
	let place = folder;
	try {
		place = await findFolder(folder);
		const hasLinks = await tryFiles(place, tryLink);
		const {bavail, bsize} = await statfs(place);
		return judgeDisk({name: showPath(place), hasLinks, freeBytes: bavail * bsize});
	} catch (error) {
		const reason = isMissing(error) ? 'it takes no new folders' : reasonOf(error);
		return {
			check: 'disk',
			mark: 'fix',
			found: `${showPath(place)} cannot be written: ${reason}`,
			advice: 'Name another folder with --out.',
		};
	}
}

function judgeDisk({name, hasLinks, freeBytes}: {readonly name: string; readonly hasLinks: boolean; readonly freeBytes: number}): Finding {
	const found = `${name} can be written, ${roundBytes(freeBytes)} free, hard links ${hasLinks ? 'work' : 'do not work'}`;
	if (!hasLinks) {
		const advice = 'Runs work here all the same: one process owns a run. But never let two machines work on one run in this folder.';
		return {check: 'disk', mark: 'note', found, advice};
	}
	if (freeBytes < LITTLE_BYTES)
		return {
			check: 'disk',
			mark: 'note',
			found,
			advice: 'Make room: a full disk stops a run with STORE_FULL. It goes on when there is room again.',
		};
	return {check: 'disk', mark: 'ok', found};
}

/** The folder, or the one that it would be made in. */
async function findFolder(path: string): Promise<string> {
	try {
		await (await opendir(path)).close();
		return path;
	} catch (error) {
		if (!isMissing(error) || dirname(path) === path) throw error;
		return await findFolder(dirname(path));
	}
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

/** `false`: this disk has none. Any other error is one of the disk's. */
function refusesLinks(error: unknown): boolean {
	if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
	throw error;
}

/** A file that gets a second name, then another one: how everything of a run appears. @returns whether there are hard links. */
async function tryFiles(place: string, tryLink: Link): Promise<boolean> {
	const own = await mkdtemp(join(place, '.twolane-doctor-'));
	try {
		const file = join(own, 'a');
		await writeFile(file, 'a');
		const hasLinks = await tryLink(file, join(own, 'b')).then(() => true, refusesLinks);
		await rename(file, join(own, 'c'));
		return hasLinks;
	} finally {
		await rm(own, {recursive: true, force: true});
	}
}
