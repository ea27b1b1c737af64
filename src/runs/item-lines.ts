import {TwolaneError} from '../lanes/errors.ts';
import {readItemLine} from '../manifest/item-line.ts';
import {layout} from './layout.ts';
import {readLines} from './lines.ts';
import type {ObjectStore} from './object-store.ts';
import type {Shard} from './plan.ts';
import type {PendingRow, Row} from './row.ts';
import {invalidState, readNamed} from './stored-json.ts';

/** The ordinal that a line of an items file, or a row, begins with; `undefined` when it does not. */
export function findOrdinal(line: string): number | undefined {
	const n = Number(/^\{"n":(\d{1,16})[,}]/u.exec(line)?.[1]);
	return Number.isSafeInteger(n) ? n : undefined;
}

/** The same. @throws TwolaneError `STATE_INVALID` when there is none. */
export function ordinalOf(line: string): number {
	const n = findOrdinal(line);
	if (n !== undefined) return n;
	throw new TwolaneError('STATE_INVALID', 'a line of the run’s records does not begin with its ordinal: it was cut off or changed');
}

/** The lines of a shard, in batches. @throws TwolaneError `STATE_INVALID` when the items file has fewer than planned. */
export async function* readItemLines(
	state: ObjectStore,
	{runId, shard: {items, start, end, count}}: {readonly runId: string; readonly shard: Shard},
): AsyncGenerator<readonly string[]> {
	const key = layout.run(runId) + items;
	let seen = 0;
	for await (const lines of readLines(readNamed(state, key, {start, end}))) {
		seen += lines.length;
		yield lines;
	}
	if (seen !== count) throw invalidState(state, key, `was cut off or changed: ${seen} items instead of ${count} from byte ${start} on.`);
}

/** The pending row of an item, as text, without parsing the item. */
export function pendingTextOf(line: string): string {
	const id = /^\{"n":\d+,"id":("(?:[^"\\]|\\.)*")/u.exec(line)?.[1];
	const n = ordinalOf(line);
	if (id === undefined) throw new TwolaneError('STATE_INVALID', `the line of item ${n} in the run’s items file has no id: it was changed`);
	return `{"n":${n},"id":${id},"status":"pending"}`;
}

export const pendingRowOf = (line: string): PendingRow => JSON.parse(pendingTextOf(line)) as PendingRow;

/** The row of an item over which the platform has lost one worker after another. */
export function lostRowOf(line: string): Row {
	const {n, id, source, meta} = readItemLine(line).entry;
	const message = 'three workers in a row were lost on this shard, and none of them ended an item';
	return {
		n,
		id,
		...(source !== undefined && {source}),
		...(meta !== undefined && {meta}),
		attempts: 0,
		timings: {},
		status: 'failed',
		error: {code: 'WORKER_LOST', stage: 'run', retryable: true, message},
	};
}
