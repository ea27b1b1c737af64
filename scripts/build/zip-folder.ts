import {readFileSync, readdirSync} from 'node:fs';
import {join, relative, sep} from 'node:path';
import {type Zippable, zipSync} from 'fflate';

// In local time, as the format has it: the same bytes in every time zone.
const mtime = new Date(1980, 0, 1);
const UNIX = 3;
const READABLE = 0o10_0644 << 16;

/** A zip whose bytes depend on the files alone: sorted, with one fixed time. */
export function zipFolder(folder: string): Uint8Array {
	const files = readdirSync(folder, {recursive: true, withFileTypes: true})
		.filter(entry => entry.isFile())
		.map(entry => join(entry.parentPath, entry.name))
		.map(path => [relative(folder, path).split(sep).join('/'), path] as const)
		.sort(([one], [other]) => (one < other ? -1 : 1));
	const entries: Zippable = Object.fromEntries(
		files.map(([name, path]) => [name, [readFileSync(path), {mtime, os: UNIX, attrs: READABLE}]]),
	);
	return zipSync(entries, {level: 9});
}
