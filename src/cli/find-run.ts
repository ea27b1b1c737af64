import {existsSync} from 'node:fs';
import {stat} from 'node:fs/promises';
import {basename, dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {Place} from '../local/place.ts';
import {listRunIds} from '../runs/list-runs.ts';
import {type RunSpec, findSpec, readSpec} from '../runs/spec.ts';
import {commandName, quote} from './launcher.ts';
import {placeError, usageError} from './failure.ts';
import {absolute, checkPlace, isS3Place, openPlaceAt, showPath} from './run-place.ts';
import {checkStackName, findStack} from './stack.ts';

/** Where to look for a run. */
export interface PlaceFlags {
	/** A deployed stack: its own place. */
	readonly on?: string;
	readonly out?: string;
	readonly state?: string;
}

export interface FoundRun {
	readonly place: Place;
	readonly spec: RunSpec;
}

/** The stack that works on a run, as its records say, or as it is called now; `undefined`: it lives where the command runs. */
export const stackOf = ({spec}: FoundRun, {on}: PlaceFlags): string | undefined =>
	spec.stack === undefined ? undefined : (on ?? spec.stack);

/** The run that `[RUN]` names: a path to its folder, its id or the beginning of it, or nothing for the newest. */
export async function findRun(word: string | undefined, flags: PlaceFlags): Promise<FoundRun> {
	checkOn(flags);
	if (word !== undefined && isS3Place(word)) return await openAddress(word);
	if (word !== undefined && isPath(word)) return await openFolder(resolve(word));
	const place = await openGivenPlace(flags, word);
	const runId = await chooseRun(place, word, showPath(flags.state ?? flags.out ?? place.out.uri));
	if (flags.out === undefined && flags.state !== undefined) return await openRun(absolute(flags.state), runId);
	return {place, spec: await readSpec(place.ports, runId)};
}

async function chooseRun({ports}: Place, word: string | undefined, where: string): Promise<string> {
	const ids: string[] = [];
	for await (const id of listRunIds(ports)) {
		if (id === word) return id;
		// A folder that somebody removed by hand is no run any more.
		if (word === undefined && (await findSpec(ports, id))) return id;
		if (word !== undefined && id.startsWith(word)) ids.push(id);
	}
	const [id, ...others] = ids;
	if (word === undefined) throw placeError(`There is no run in ${where}.`);
	if (id === undefined) throw placeError(`There is no run ${word} in ${where}. \`${commandName()} ls --out ${quote(where)}\` lists them.`);
	if (others.length === 0) return id;
	throw usageError(`${word} is the beginning of ${ids.length} runs: ${ids.slice(0, 5).join(', ')}. Give more of the id.`);
}

const isPath = (word: string): boolean => /[/\\]/u.test(word) || existsSync(join(word, 'run.json'));

export async function openGivenPlace(flags: PlaceFlags, word?: string): Promise<Place> {
	checkOn(flags);
	const {out, state, on} = flags;
	if (on !== undefined) return await openPlaceAt({out: (await findStack(on)).out});
	if (out === undefined && state === undefined) {
		const name = word === undefined ? 'Which run?' : `Where is run ${word}?`;
		throw usageError(
			`${name} Give the path that the run printed, or --out DIR, or --on STACK${word === undefined ? ' for the newest one there' : ''}.`,
		);
	}
	if (out !== undefined) checkPlace('--out', out);
	if (state !== undefined) checkPlace('--state', state);
	return await openPlaceAt({out: absolute(out ?? state ?? ''), state: state && absolute(state)});
}

/** A stack has its own places. */
function checkOn({on, out, state}: PlaceFlags): void {
	if (on === undefined) return;
	checkStackName(on);
	if (out === undefined && state === undefined) return;
	throw usageError(`--${out === undefined ? 'state' : 'out'} and --on: a stack has its own places. Leave one of them away.`);
}

/** A run may have been moved with its output folder: where it lies now counts, not where it was made. */
async function openFolder(path: string): Promise<FoundRun> {
	const folder = basename(path) === 'run.json' ? dirname(path) : path;
	if (!(await stat(join(folder, 'run.json')).catch(() => undefined))?.isFile()) {
		throw placeError(`${showPath(folder)} is no run: it has no run.json. A run's folder looks like thumbs/.twolane/runs/ab12...`);
	}
	return await openRun(dirname(dirname(folder)), basename(folder));
}

async function openAddress(word: string): Promise<FoundRun> {
	const [, state, runId] = /^(s3:\/\/.+)\/runs\/([^/]+)(?:\/run\.json|\/)?$/u.exec(word) ?? [];
	if (state !== undefined && runId !== undefined) return await openRun(state, runId);
	throw placeError(`${word} is no run: a run's address looks like s3://bucket/thumbs/.twolane/runs/ab12...`);
}

async function openRun(state: string, runId: string): Promise<FoundRun> {
	const {ports} = await openPlaceAt({out: state, state});
	const spec = await readSpec(ports, runId);
	const out = spec.isStateApart ? placeOfUri(spec.out) : isS3Place(state) ? state.slice(0, state.lastIndexOf('/')) : dirname(state);
	return {place: await openPlaceAt({out, state}), spec};
}

const placeOfUri = (uri: string): string => (uri.startsWith('file:') ? fileURLToPath(uri) : uri);
