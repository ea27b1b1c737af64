import {TwolaneError} from '../lanes/errors.ts';
import {readStanding} from '../runs/standing.ts';
import {type KeptRow, parseRow} from '../runs/row.ts';
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
	const toText = flags.as === 'csv' ? writeCsv : ({text}: KeptRow): string => text;
	if (flags.as === 'csv') await style.print(csvHeader);
	for await (const rows of place.runs.listItems(spec.runId, query)) await style.print(rows.map(toText).join('\n'));
	return 0;
}

const columns = ['n', 'id', 'status', 'source', 'attempts', 'code', 'message', 'reason', 'outputs'] as const;
const csvHeader = columns.join(',');

function writeCsv({n, text}: KeptRow): string {
	const row = parseRow(text);
	if (row === undefined) throw new TwolaneError('STATE_INVALID', `the row of item ${n} is damaged`);
	const {id, status} = row;
	const cells: Partial<Record<(typeof columns)[number], string | number>> = {n, id, status};
	if (row.status !== 'pending') Object.assign(cells, {source: row.source, attempts: row.attempts});
	if (row.status === 'failed') Object.assign(cells, {code: row.error.code, message: row.error.message});
	if (row.status === 'skipped') cells.reason = row.reason;
	if (row.status === 'succeeded') cells.outputs = row.outputs.map(({key}) => key).join(' ');
	return columns.map(column => quoteCell(String(cells[column] ?? ''))).join(',');
}

/** RFC 4180. */
const quoteCell = (text: string): string => (/[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
