import {type RunView, getRun} from './get-run.ts';
import {layout, nameOf} from './layout.ts';
import type {RunPorts} from './ports.ts';

export interface RunPage {
	readonly runs: readonly RunView[];
	/** Ask with it for the next page; absent on the last one. */
	readonly cursor?: string;
}

const DEFAULT_LIMIT = 50;

/** Runs, newest first. @throws TwolaneError `STATE_INVALID` for a run whose records are damaged. */
export async function listRuns(
	ports: RunPorts,
	{cursor, limit = DEFAULT_LIMIT}: {readonly cursor?: string; readonly limit?: number} = {},
): Promise<RunPage> {
	const runs: RunView[] = [];
	let last: string | undefined;
	const after = cursor === undefined ? {} : {after: layout.runsByTime + cursor};
	for await (const {key} of ports.state.list(layout.runsByTime, after)) {
		if (runs.length === limit) return {runs, ...(last !== undefined && {cursor: last})};
		runs.push(await getRun(ports, runIdOf(key)));
		last = nameOf(key);
	}
	return {runs};
}

/** The ids of all runs, newest first. */
export async function* listRunIds({state}: Pick<RunPorts, 'state'>): AsyncGenerator<string> {
	for await (const {key} of state.list(layout.runsByTime)) yield runIdOf(key);
}

const runIdOf = (key: string): string => nameOf(key).replace(/^\d+-/u, '');
