import type {RunPage} from '../runs/list-runs.ts';
import type {Runs} from '../runs/runs.ts';
import {readCursor, writeCursor} from './cursors.ts';

/** Of a page of rows, about: a Lambda answers with 6 MB at most. */
const PAGE_BYTES = 2 ** 20;

/** Runs, newest first. */
export async function pageOfRuns(runs: Runs, query: {readonly cursor?: string | undefined; readonly limit: number}): Promise<RunPage> {
	const after = query.cursor === undefined ? undefined : readCursor(query.cursor, /^\d{13}-[a-z0-9][a-z0-9_-]{0,63}$/u);
	const {cursor, ...page} = await runs.listRuns({cursor: after, limit: query.limit});
	return {...page, ...(cursor !== undefined && {cursor: writeCursor(cursor)})};
}

export interface ItemsPageQuery {
	readonly status?: 'succeeded' | 'failed' | 'skipped' | 'pending' | undefined;
	readonly cursor?: string | undefined;
	readonly limit: number;
}

/** Rows in the order of the manifest, as the JSON they are kept as. @returns the JSON of the page. */
export async function pageOfItems(runs: Runs, runId: string, {status, cursor, limit}: ItemsPageQuery): Promise<string> {
	const after = cursor === undefined ? undefined : Number(readCursor(cursor, /^\d{1,15}$/u));
	const texts: string[] = [];
	let characters = 0;
	let last: number | undefined;
	for await (const rows of runs.listItems(runId, {status, after})) {
		for (const {n, text} of rows) {
			const isFull = texts.length === limit || (texts.length > 0 && characters + text.length > PAGE_BYTES);
			if (isFull) return writePage(texts, writeCursor(String(last)));
			texts.push(text);
			characters += text.length;
			last = n;
		}
	}
	return writePage(texts);
}

const writePage = (texts: readonly string[], cursor?: string): string =>
	`{"items":[${texts.join(',')}]${cursor === undefined ? '' : `,"cursor":"${cursor}"`}}`;
