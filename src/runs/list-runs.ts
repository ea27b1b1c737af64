import {TwolaneError} from '../lanes/errors.ts';
import {toItemError} from '../lanes/failure.ts';
import {type RunView, getRun} from './get-run.ts';
import {inParallel} from './in-parallel.ts';
import {layout, nameOf} from './layout.ts';
import type {RunPorts} from './ports.ts';

/** A run whose records nobody can work with: it must not hide the others. */
export interface DamagedRun {
	readonly id: string;
	readonly damage: string;
}

export interface RunPage {
	readonly runs: readonly (RunView | DamagedRun)[];
	/** Ask with it for the next page; absent on the last one. */
	readonly cursor?: string;
}

const DEFAULT_LIMIT = 50;

/** Runs, newest first. */
export async function listRuns(
	ports: RunPorts,
	{cursor, limit = DEFAULT_LIMIT}: {readonly cursor?: string | undefined; readonly limit?: number | undefined} = {},
): Promise<RunPage> {
	const keys: string[] = [];
	const after = cursor === undefined ? {} : {after: layout.runsByTime + cursor};
	for await (const {key} of ports.state.list(layout.runsByTime, after)) {
		keys.push(key);
		if (keys.length > limit) break;
	}
	const shown = keys.slice(0, limit);
	const runs = await inParallel(shown, async key => await look(ports, runIdOf(key)));
	const last = shown.at(-1);
	return {runs, ...(keys.length > limit && last !== undefined && {cursor: nameOf(last)})};
}

async function look(ports: RunPorts, id: string): Promise<RunView | DamagedRun> {
	try {
		return await getRun(ports, id);
	} catch (error) {
		if (error instanceof TwolaneError && !error.retryable) return {id, damage: toItemError(error, 'run').message};
		throw error;
	}
}

/** The ids of all runs, newest first. */
export async function* listRunIds({state}: Pick<RunPorts, 'state'>): AsyncGenerator<string> {
	for await (const {key} of state.list(layout.runsByTime)) yield runIdOf(key);
}

const runIdOf = (key: string): string => nameOf(key).replace(/^\d+-/u, '');
