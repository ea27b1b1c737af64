import {type KeptRow, isBetter} from './row.ts';

/** Rows sorted by `n`, opened when the first of them is due. */
export interface RowSource {
	/** The lowest `n` in it. */
	readonly from: number;
	open(): AsyncIterable<readonly KeptRow[]>;
}

interface Cursor {
	readonly batches: AsyncIterator<readonly KeptRow[]>;
	batch: readonly KeptRow[];
	at: number;
}

/** Merges sorted sources into one stream, one row for each `n`: the best. Holds one open reader for each source that overlaps. */
export async function* mergeRows(sources: readonly RowSource[]): AsyncGenerator<readonly KeptRow[]> {
	const waiting = sources.toSorted((a, b) => a.from - b.from);
	let open: Cursor[] = [];
	try {
		while (waiting.length > 0 || open.length > 0) {
			const due = Math.min(...open.map(headOf), waiting[0]?.from ?? Infinity);
			while ((waiting[0]?.from ?? Infinity) <= due) open.push(await openCursor(waiting.shift()));
			const next = waiting[0]?.from ?? Infinity;
			yield open.length === 1 ? takeBelow(open[0], next) : takeBest(open, next);
			open = await refill(open);
		}
	} finally {
		for (const {batches} of open) await batches.return?.();
	}
}

const headOf = ({batch, at}: Cursor): number => batch[at]?.n ?? Infinity;

async function openCursor(source: RowSource | undefined): Promise<Cursor> {
	const none: AsyncIterable<readonly KeptRow[]> = {[Symbol.asyncIterator]: () => ({next: async () => ({done: true, value: undefined})})};
	return {batches: (source?.open() ?? none)[Symbol.asyncIterator](), batch: [], at: 0};
}

/** Cursors with rows in hand; those at their end are gone. */
async function refill(cursors: readonly Cursor[]): Promise<Cursor[]> {
	const left: Cursor[] = [];
	for (const cursor of cursors) {
		while (cursor.at >= cursor.batch.length) {
			const {done, value} = await cursor.batches.next();
			if (done === true) break;
			cursor.batch = value;
			cursor.at = 0;
		}
		if (cursor.at < cursor.batch.length) left.push(cursor);
	}
	return left;
}

/** Whatever one cursor has in hand before `limit`: nothing else can stand between. */
function takeBelow(cursor: Cursor | undefined, limit: number): readonly KeptRow[] {
	if (cursor === undefined) return [];
	const {batch, at} = cursor;
	const isAll = (batch.at(-1)?.n ?? Infinity) < limit;
	let end = batch.length;
	if (!isAll) for (end = at; end < batch.length && (batch[end]?.n ?? Infinity) < limit; end++);
	cursor.at = end;
	return at === 0 && end === batch.length ? batch : batch.slice(at, end);
}

/** Rows in order, until one cursor has none in hand or another source is due. */
function takeBest(cursors: readonly Cursor[], limit: number): readonly KeptRow[] {
	const rows: KeptRow[] = [];
	while (cursors.every(({batch, at}) => at < batch.length)) {
		const n = Math.min(...cursors.map(headOf));
		if (n >= limit) break;
		let best: KeptRow | undefined;
		for (const cursor of cursors) {
			const row = cursor.batch[cursor.at];
			if (row?.n !== n) continue;
			cursor.at++;
			if (best === undefined || isBetter(row, best)) best = row;
		}
		if (best) rows.push(best);
	}
	return rows;
}
