import {existsSync} from 'node:fs';
import {stat} from 'node:fs/promises';
import {basename, dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {type Place, openPlace} from '../local/place.ts';
import {listRunIds} from '../runs/list-runs.ts';
import {type RunSpec, readSpec} from '../runs/spec.ts';
import {placeError, usageError} from './failure.ts';
import {showPath} from './run-place.ts';

/** Where to look for a run. */
export interface PlaceFlags {
	readonly out?: string;
	readonly state?: string;
}

export interface FoundRun {
	readonly place: Place;
	readonly spec: RunSpec;
}

/** The run that `[RUN]` names: a path to its folder, a prefix of its id, or nothing for the newest. */
export async function findRun(word: string | undefined, flags: PlaceFlags): Promise<FoundRun> {
	if (word !== undefined && isPath(word)) return await openFolder(resolve(word));
	const place = openGivenPlace(flags, word);
	const ids: string[] = [];
	for await (const id of listRunIds(place.ports)) {
		if (word === undefined) return {place, spec: await readSpec(place.ports, id)};
		if (id.startsWith(word)) ids.push(id);
	}
	const [id, ...others] = ids;
	const where = showPath(flags.state ?? flags.out ?? '');
	if (id === undefined)
		throw placeError(
			word === undefined
				? `There is no run in ${where}.`
				: `There is no run ${word} in ${where}. \`twolane ls --out ${where}\` lists them.`,
		);
	if (others.length > 0)
		throw usageError(`${word} is the beginning of ${ids.length} runs: ${ids.slice(0, 5).join(', ')}. Give more of the id.`);
	return {place, spec: await readSpec(place.ports, id)};
}

const isPath = (word: string): boolean => /[/\\]/u.test(word) || existsSync(join(word, 'run.json'));

export function openGivenPlace({out, state}: PlaceFlags, word?: string): Place {
	if (out === undefined && state === undefined) {
		const name = word === undefined ? 'Which run?' : `Where is run ${word}?`;
		throw usageError(`${name} Give the path that the run printed, or --out DIR${word === undefined ? ' for the newest one there' : ''}.`);
	}
	if (out?.includes('://') || state?.includes('://')) throw usageError('This version keeps runs in folders.');
	return openPlace({out: resolve(out ?? state ?? ''), state: state && resolve(state)});
}

/** A run may have been moved with its output folder: where it lies now counts, not where it was made. */
async function openFolder(path: string): Promise<FoundRun> {
	const folder = basename(path) === 'run.json' ? dirname(path) : path;
	if (!(await stat(join(folder, 'run.json')).catch(() => undefined))?.isFile()) {
		throw placeError(`${showPath(folder)} is no run: it has no run.json. A run's folder looks like thumbs/.twolane/runs/ab12...`);
	}
	const state = dirname(dirname(folder));
	const runId = basename(folder);
	if (basename(state) === '.twolane') return await open({out: dirname(state)}, runId);
	const {spec} = await open({out: state, state}, runId);
	return await open({out: fileURLToPath(spec.out), state}, runId);
}

async function open(where: {readonly out: string; readonly state?: string}, runId: string): Promise<FoundRun> {
	const place = openPlace(where);
	return {place, spec: await readSpec(place.ports, runId)};
}
