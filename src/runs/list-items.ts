import type {RunPorts} from './ports.ts';
import type {FileStatus, KeptRow} from './row.ts';
import {readRunRows} from './run-rows.ts';
import {readStanding} from './standing.ts';

export interface ItemsQuery {
	/** Default: all, pending ones too. */
	readonly status?: Lowercase<FileStatus> | undefined;
	/** Only items after this ordinal: the last one of the page before. */
	readonly after?: number | undefined;
}

/**
 * The rows of a run in the order of its manifest, each item once, also while the run goes on. They come in batches, as the JSON they are
 * kept as; whoever wants a page stops iterating, and asks again with `after`.
 */
export async function* listItems(ports: RunPorts, runId: string, {status, after}: ItemsQuery = {}): AsyncGenerator<readonly KeptRow[]> {
	const statuses = status && [status.toUpperCase() as FileStatus];
	yield* readRunRows(ports, await readStanding(ports, runId), {after, statuses});
}
