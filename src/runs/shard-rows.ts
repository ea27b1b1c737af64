import type {ObjectStore} from './object-store.ts';
import {type RowSource, mergeRows} from './merge-rows.ts';
import {type Part, type PartName, readPart} from './part.ts';
import {type KeptRow, type PendingRow, type Row, isBetter, keepRow, parseRow} from './row.ts';
import {type RowStats, createRowTally} from './row-stats.ts';

/** Characters of rows that one shard keeps in memory; beyond, rows that lie in parts are read back when they are merged. */
const MOST_CHARACTERS = 16 * 1024 * 1024;

/** The rows of one shard, from this claim and from all parts, the best for each item. */
export interface ShardRows {
	/** Items that have a row. */
	readonly size: number;
	has(n: number): boolean;
	/** A row of our own; it is not in a part yet. */
	add(row: Row | PendingRow, claim: number): void;
	/** The rows that are in no part yet, sorted; from now on they count as saved in the part of this key. */
	takeUnsaved(part: PartName): readonly KeptRow[];
	/** The part of this key could not be written: its rows are in no part again. */
	giveBack(part: PartName, rows: readonly KeptRow[]): void;
	hasUnsaved(): boolean;
	addPart(name: PartName, part: Part): void;
	/** Whether the part was added already. */
	knows(name: PartName): boolean;
	/** All rows, sorted by `n`. */
	merged(): AsyncIterable<readonly KeptRow[]>;
	stats(): Promise<RowStats>;
}

export function createShardRows(state: ObjectStore, {mostCharacters = MOST_CHARACTERS} = {}): ShardRows {
	const best = new Map<number, KeptRow>();
	let parts: {readonly name: PartName; readonly from: number}[] = [];
	const keys = new Set<string>();
	let unsaved: KeptRow[] = [];
	let characters = 0;
	let isSpilled = false;
	let tally = createRowTally();
	// A row that was replaced by a better one is still in the tally.
	let isTallyExact = true;

	function keep(row: KeptRow, parsed: Row | PendingRow): void {
		const before = best.get(row.n);
		if (before !== undefined) {
			isTallyExact = false;
			if (!isBetter(row, before)) return;
		}
		characters += row.text.length - (before?.text.length ?? 0);
		best.set(row.n, isSpilled ? {...row, text: ''} : row);
		if (isTallyExact) tally.add(parsed);
	}

	function spill(): void {
		isSpilled = true;
		const fresh = new Set(unsaved.map(({n}) => n));
		for (const [n, row] of best) if (!fresh.has(n)) best.set(n, {...row, text: ''});
	}

	function sources(): RowSource[] {
		const saved = parts.map(({name, from}): RowSource => ({from, open: () => readRowsOf(state, name)}));
		const rest = sortByN(unsaved);
		const [first] = rest;
		return first === undefined ? saved : [...saved, {from: first.n, open: () => oneBatch(rest)}];
	}

	const rows: ShardRows = {
		get size() {
			return best.size;
		},
		has: n => best.has(n),
		add(row, claim) {
			const kept = keepRow(row, {claim});
			unsaved.push(kept);
			keep(kept, row);
		},
		takeUnsaved(name) {
			const taken = sortByN(unsaved);
			const [first] = taken;
			if (first) parts.push({name, from: first.n});
			unsaved = [];
			if (characters > mostCharacters) spill();
			return taken;
		},
		giveBack({key}, taken) {
			parts = parts.filter(({name}) => name.key !== key);
			unsaved = [...taken, ...unsaved];
		},
		hasUnsaved: () => unsaved.length > 0,
		knows: ({key}) => keys.has(key),
		addPart(name, {rows: partRows}) {
			keys.add(name.key);
			const [first] = partRows;
			if (first) parts.push({name, from: first[0].n});
			for (const [row, parsed] of partRows) keep(row, parsed);
			if (characters > mostCharacters && !isSpilled) spill();
		},
		merged: () => (isSpilled ? mergeRows(sources()) : oneBatch(sortByN([...best.values()]))),
		async stats() {
			if (!isTallyExact) {
				tally = createRowTally();
				for await (const batch of rows.merged()) for (const {text} of batch) addParsed(tally, text);
				isTallyExact = true;
			}
			return tally.stats();
		},
	};
	return rows;
}

function addParsed(tally: ReturnType<typeof createRowTally>, text: string): void {
	const row = parseRow(text);
	if (row) tally.add(row);
}

const sortByN = (rows: readonly KeptRow[]): KeptRow[] => rows.toSorted((a, b) => a.n - b.n);

async function* oneBatch(rows: readonly KeptRow[]): AsyncGenerator<readonly KeptRow[]> {
	if (rows.length > 0) yield rows;
}

async function* readRowsOf(state: ObjectStore, name: PartName): AsyncGenerator<readonly KeptRow[]> {
	yield (await readPart(state, name)).rows.map(([row]) => row);
}
