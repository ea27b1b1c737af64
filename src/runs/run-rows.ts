import {findOrdinal} from './item-lines.ts';
import {type ShardPlace, layout} from './layout.ts';
import {readLines} from './lines.ts';
import {type RowSource, mergeRows} from './merge-rows.ts';
import type {Shard} from './plan.ts';
import type {RunPorts} from './ports.ts';
import {readShard} from './read-shard.ts';
import {type FileStatus, type KeptRow, fileStatuses} from './row.ts';
import {type ResultFile, type Seal, readSeal} from './seal.ts';
import {type Standing, latest} from './standing.ts';
import {invalidState, readNamed} from './stored-json.ts';

export interface RowFilter {
	/** Default: all. */
	readonly statuses?: readonly FileStatus[] | undefined;
	/** Only items after this ordinal. */
	readonly after?: number | undefined;
}

/**
 * The rows of a run in the order of its manifest, each item once, also while the run goes on: of sealed shards what their seals name,
 * of others what their parts hold. One open reader for each file that overlaps.
 */
export function readRunRows(
	ports: Pick<RunPorts, 'state' | 'openSha256'>,
	standing: Standing,
	{statuses = fileStatuses, after = -1}: RowFilter = {},
): AsyncIterable<readonly KeptRow[]> {
	const newest = latest(standing);
	const sources: RowSource[] = [];
	for (const {seals, place} of standing.generations) {
		const isNewest = place.generation === newest?.place.generation;
		for (const seal of seals.values()) {
			for (const status of statuses) {
				const counts = isNewest || status === 'SUCCEEDED' || status === 'SKIPPED';
				if (counts && (seal.files[status]?.to ?? -1) > after) sources.push(...readSealed(ports, {runId: place.runId, seal, status}));
			}
		}
	}
	return select(mergeRows([...sources, ...readOpenShards(ports, standing)]), {statuses: new Set(statuses), after});
}

async function* select(
	batches: AsyncIterable<readonly KeptRow[]>,
	{statuses, after}: {readonly statuses: ReadonlySet<FileStatus>; readonly after: number},
): AsyncGenerator<readonly KeptRow[]> {
	for await (const rows of batches) {
		const wanted = rows.every(({n, status}) => n > after && statuses.has(status))
			? rows
			: rows.filter(({n, status}) => n > after && statuses.has(status));
		if (wanted.length > 0) yield wanted;
	}
}

interface SealedRows {
	readonly runId: string;
	readonly seal: Seal;
	readonly status: FileStatus;
}

/** The file that a seal names for the status, if there is one. */
function readSealed(
	ports: Pick<RunPorts, 'state' | 'openSha256'>,
	{runId, seal: {files, claim}, status}: SealedRows,
): readonly RowSource[] {
	const file = files[status];
	return file ? [readFile(ports, {runId, file, status, claim})] : [];
}

interface RowFile extends Pick<SealedRows, 'runId' | 'status'> {
	readonly file: ResultFile;
	readonly claim: number;
}

function readFile({state, openSha256}: Pick<RunPorts, 'state' | 'openSha256'>, {runId, file, status, claim}: RowFile): RowSource {
	const key = layout.run(runId) + file.key;
	const notSealed = (found: string) => invalidState(state, key, `is not what was sealed: it was cut off or changed (${found}).`);
	function keep(text: string): KeptRow {
		const n = findOrdinal(text);
		if (n === undefined) throw notSealed('a line is no row');
		return {n, status, claim, text};
	}
	async function* open(): AsyncGenerator<readonly KeptRow[]> {
		const sha256 = openSha256();
		let items = 0;
		// The last lines wait for the judgement: one that was cut off is no row.
		let last: readonly string[] = [];
		for await (const lines of readLines(hashed(readNamed(state, key), sha256))) {
			items += lines.length;
			if (last.length > 0) yield last.map(keep);
			last = lines;
		}
		if (items !== file.items || sha256.digest() !== file.sha256) {
			throw notSealed(`${items} rows, expected ${file.items}`);
		}
		yield last.map(keep);
	}
	return {from: file.from, open};
}

async function* hashed(chunks: AsyncIterable<Uint8Array>, sha256: {update(data: Uint8Array): void}): AsyncGenerator<Uint8Array> {
	for await (const chunk of chunks) {
		sha256.update(chunk);
		yield chunk;
	}
}

/** Shards of the newest generation that have no seal yet. Each is read when its turn comes: they do not overlap. */
function readOpenShards(ports: Pick<RunPorts, 'state' | 'openSha256'>, standing: Standing): readonly RowSource[] {
	const newest = latest(standing);
	if (newest === undefined) return [];
	const {place, plan, seals} = newest;
	// An ordinal is at least the number of items before it, and those of a shard follow those of the one before.
	let before = 0;
	return plan.flatMap(shard => {
		const from = before;
		before += shard.count;
		if (seals.has(shard.shard)) return [];
		return [
			{
				from,
				open: () => readOpenShard(ports, {...place, shard: shard.shard}, shard),
			},
		];
	});
}

/** Whoever works on it may have sealed it meanwhile: then its parts may be gone, and the seal's files count. */
async function* readOpenShard(
	ports: Pick<RunPorts, 'state' | 'openSha256'>,
	place: ShardPlace,
	shard: Shard,
): AsyncGenerator<readonly KeptRow[]> {
	const left = await readShard(ports, place, shard).catch((error: unknown) => ({error}));
	const seal = await readSeal(ports, place);
	if (seal) yield* mergeRows(fileStatuses.flatMap(status => readSealed(ports, {runId: place.runId, seal, status})));
	else if ('error' in left) throw left.error;
	else yield* left.rows.merged();
}
