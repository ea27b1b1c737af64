import type {Outcome} from '../lanes/outcome.ts';
import type {RunFiles} from './files.ts';
import {SHARD_ITEMS, layout} from './layout.ts';
import {type FileStatus, fileStatuses, toRow} from './row.ts';

/** One file of rows, as the results manifest names it. */
export interface ResultFile {
	readonly key: string;
	readonly items: number;
	readonly bytes: number;
	readonly sha256: string;
}
export type ResultFiles = Readonly<Record<FileStatus, readonly ResultFile[]>>;

interface Line {
	readonly n: number;
	readonly status: FileStatus;
	readonly text: string;
}

/** Takes outcomes in any order, keeps them as sorted files. */
export interface RowWriter {
	/** A promise when a shard is full and was written: wait for it, that is the back-pressure. */
	add(outcome: Outcome): Promise<void> | undefined;
	/** Writes what is left; items without an outcome are listed as pending. */
	finish(): Promise<ResultFiles>;
}

/**
 * Rows wait in memory until their shard is complete, then are sorted by `n` and written: what is held does not grow with the
 * run, only with the shards that a slow item keeps open.
 */
export function createRowWriter({files, total}: {readonly files: RunFiles; readonly total: number}): RowWriter {
	const open = new Map<number, Line[]>();
	const written = new Map<number, [FileStatus, ResultFile][]>();
	const sizeOf = (shard: number): number => Math.min(SHARD_ITEMS, total - shard * SHARD_ITEMS);

	function keep(line: Line): number {
		const shard = Math.floor(line.n / SHARD_ITEMS);
		const lines = open.get(shard);
		if (lines) lines.push(line);
		else open.set(shard, [line]);
		return shard;
	}

	async function write(shard: number): Promise<void> {
		const lines = (open.get(shard) ?? []).sort((a, b) => a.n - b.n);
		open.delete(shard);
		const made: [FileStatus, ResultFile][] = [];
		for (const status of fileStatuses) {
			const texts = lines.filter(line => line.status === status).map(line => line.text);
			if (texts.length === 0) continue;
			const key = layout.rows({shard, status});
			made.push([status, {key, items: texts.length, ...(await files.write(key, `${texts.join('\n')}\n`))}]);
		}
		written.set(shard, made);
	}

	/** The items of the shards that never became complete, read back from the items file. */
	async function addPending(): Promise<void> {
		const shards = Math.ceil(total / SHARD_ITEMS);
		if (written.size === shards) return;
		const known = new Set([...open.values()].flat().map(line => line.n));
		for await (const text of files.lines(layout.items)) {
			const {n, id} = JSON.parse(text) as {n: number; id: string};
			const isOpen = !written.has(Math.floor(n / SHARD_ITEMS)) && !known.has(n);
			if (isOpen) await seal(keep({n, status: 'PENDING', text: JSON.stringify({n, id, status: 'pending'})}));
		}
	}

	function seal(shard: number): Promise<void> | undefined {
		return open.get(shard)?.length === sizeOf(shard) ? write(shard) : undefined;
	}

	return {
		add(outcome) {
			const status = outcome.status.toUpperCase() as FileStatus;
			return seal(keep({n: outcome.n, status, text: JSON.stringify(toRow(outcome))}));
		},
		async finish() {
			await addPending();
			const all = [...written].sort(([a], [b]) => a - b).flatMap(([, made]) => made);
			const of = (status: FileStatus): ResultFile[] => all.filter(([made]) => made === status).map(([, file]) => file);
			return {SUCCEEDED: of('SUCCEEDED'), SKIPPED: of('SKIPPED'), FAILED: of('FAILED'), PENDING: of('PENDING')};
		},
	};
}
