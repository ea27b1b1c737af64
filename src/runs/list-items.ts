import type {RunPorts} from './ports.ts';
import {type FileStatus, type PendingRow, type Row, parseRow} from './row.ts';
import {type RowFilter, readRunRows} from './run-rows.ts';
import {readStanding} from './standing.ts';
import {TwolaneError} from '../lanes/errors.ts';

export interface ItemsQuery {
	/** Default: all, pending ones too. */
	readonly status?: Lowercase<FileStatus> | undefined;
	/** Only items after this ordinal: the last one of the page before. */
	readonly after?: number | undefined;
}

/** The rows of a run as JSON lines, in the order of its manifest, each item once; also while it goes on. In batches. */
export async function* listItemLines(ports: RunPorts, runId: string, {status, after}: ItemsQuery = {}): AsyncGenerator<readonly string[]> {
	const filter: RowFilter = {after, ...(status && {statuses: [status.toUpperCase() as FileStatus]})};
	for await (const rows of readRunRows(ports, await readStanding(ports, runId), filter)) yield rows.map(({text}) => text);
}

/** The same as data, for callers that take a page: stop iterating, and ask again with `after`. */
export async function* listItems(ports: RunPorts, runId: string, query: ItemsQuery = {}): AsyncGenerator<Row | PendingRow> {
	for await (const lines of listItemLines(ports, runId, query)) {
		for (const line of lines) {
			const row = parseRow(line);
			if (row === undefined) throw new TwolaneError('STATE_INVALID', `a row of run ${runId} is damaged: ${line.slice(0, 40)}`);
			yield row;
		}
	}
}
