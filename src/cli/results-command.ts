import {listItemLines, listItems} from '../runs/list-items.ts';
import {readStanding} from '../runs/standing.ts';
import type {PendingRow, Row} from '../runs/row.ts';
import {type PlaceFlags, findRun} from './find-run.ts';
import {openOutput} from './output-style.ts';

export interface ResultsFlags extends PlaceFlags {
	readonly failed?: boolean;
	readonly as: 'jsonl' | 'csv';
}

/** `twolane results [RUN] [--failed] [--as jsonl|csv]`: the rows in the order of the manifest, also while the run goes on. */
export async function resultsCommand(word: string | undefined, flags: ResultsFlags): Promise<number> {
	const style = openOutput({});
	const {place, spec} = await findRun(word, flags);
	const query = flags.failed ? ({status: 'failed'} as const) : {};
	// A run without a plan has no items yet, and says so.
	if ((await readStanding(place.ports, spec.runId)).generations.length === 0)
		style.note('The run has not been planned yet: it has no items.');
	if (flags.as === 'csv') await style.print(csvHeader);
	if (flags.as === 'jsonl') {
		for await (const lines of listItemLines(place.ports, spec.runId, query)) await style.print(lines.join('\n'));
	} else {
		for await (const row of listItems(place.ports, spec.runId, query)) await style.print(writeCsv(row));
	}
	return 0;
}

const columns = ['n', 'id', 'status', 'source', 'attempts', 'code', 'message', 'reason', 'outputs'] as const;
const csvHeader = columns.join(',');

function writeCsv(row: Row | PendingRow): string {
	const {n, id, status} = row;
	const cells: Partial<Record<(typeof columns)[number], string | number>> = {n, id, status};
	if (row.status !== 'pending') Object.assign(cells, {source: row.source, attempts: row.attempts});
	if (row.status === 'failed') Object.assign(cells, {code: row.error.code, message: row.error.message});
	if (row.status === 'skipped') cells.reason = row.reason;
	if (row.status === 'succeeded') cells.outputs = row.outputs.map(({key}) => key).join(' ');
	return columns.map(column => quoteCell(String(cells[column] ?? ''))).join(',');
}

/** RFC 4180. */
const quoteCell = (text: string): string => (/[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
