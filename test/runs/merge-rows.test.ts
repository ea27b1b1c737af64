import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type RowSource, mergeRows} from '../../src/runs/merge-rows.ts';
import {type FileStatus, type KeptRow, fileStatuses} from '../../src/runs/row.ts';
import {flat} from './ledger.ts';

const kept = (n: number, status: FileStatus = 'SUCCEEDED', claim = 1): KeptRow => ({n, status, claim, text: `${n} ${status} ${claim}`});

/** Rows that know who reads them. */
function watched() {
	const open = new Set<RowSource>();
	let most = 0;
	let opened = 0;
	return {
		get open() {
			return open.size;
		},
		get most() {
			return most;
		},
		get opened() {
			return opened;
		},
		source: (rows: readonly KeptRow[], batch = 2): RowSource => {
			const source: RowSource = {
				from: rows[0]?.n ?? 0,
				async *open() {
					open.add(source);
					opened++;
					most = Math.max(most, open.size);
					try {
						for (let at = 0; at < rows.length; at += batch) yield rows.slice(at, at + batch);
					} finally {
						open.delete(source);
					}
				},
			};
			return source;
		},
	};
}

/** What the merge must be, from the rules of DESIGN.md and nothing else. */
function oracle(sources: readonly (readonly KeptRow[])[]): {n: number; status: FileStatus; claim: number}[] {
	const best = new Map<number, KeptRow>();
	for (const one of sources.flat()) {
		const there = best.get(one.n);
		const [rank, otherRank] = [fileStatuses.indexOf(one.status), fileStatuses.indexOf(there?.status ?? 'PENDING')];
		if (there === undefined || rank < otherRank || (rank === otherRank && one.claim > there.claim)) best.set(one.n, one);
	}
	return [...best.values()].map(({n, status, claim}) => ({n, status, claim})).toSorted((a, b) => a.n - b.n);
}

describe('mergeRows', () => {
	it('gives each item once, in order, as the best of its rows', async () => {
		const one = fc.uniqueArray(fc.tuple(fc.nat({max: 40}), fc.constantFrom(...fileStatuses)), {selector: ([n]) => n, maxLength: 30});
		await fc.assert(
			fc.asyncProperty(fc.array(one, {maxLength: 6}), fc.integer({min: 1, max: 7}), async (lists, batch) => {
				const sources = lists.map((list, claim) => list.map(([n, status]) => kept(n, status, claim)).toSorted((a, b) => a.n - b.n));
				const {source} = watched();
				const merged = await flat(mergeRows(sources.map(rows => source(rows, batch))));
				expect(merged.map(({n, status, claim}) => ({n, status, claim}))).toEqual(oracle(sources));
			}),
			{numRuns: 300},
		);
	});

	it('opens a source when its first row is due: one reader for each that overlaps', async () => {
		const rows = watched();
		const shards = [0, 1, 2, 3, 4, 5].map(shard => [
			rows.source([0, 2, 4, 6].map(n => kept(10 * shard + n))),
			rows.source([1, 3, 5].map(n => kept(10 * shard + n, 'FAILED'))),
		]);
		const merged = await flat(mergeRows(shards.flat().toReversed()));
		expect(merged.map(({n}) => n)).toEqual([0, 1, 2, 3, 4, 5].flatMap(shard => [0, 1, 2, 3, 4, 5, 6].map(n => 10 * shard + n)));
		expect(rows).toMatchObject({opened: 12, most: 2, open: 0});
	});

	it('closes its readers, and opens no more, when nobody wants more', async () => {
		const rows = watched();
		const sources = [rows.source([kept(0), kept(2), kept(4)]), rows.source([kept(1), kept(3), kept(5)]), rows.source([kept(100)])];
		for await (const batch of mergeRows(sources)) {
			if (batch.some(({n}) => n >= 1)) break;
		}
		expect(rows).toMatchObject({opened: 2, open: 0});
	});

	it('closes its readers when one of them fails, and says why', async () => {
		const rows = watched();
		const broken: RowSource = {
			from: 1,
			async *open() {
				yield [kept(1)];
				throw new Error('cut off');
			},
		};
		await expect(flat(mergeRows([rows.source([kept(0), kept(2), kept(4), kept(6)]), broken]))).rejects.toThrow('cut off');
		expect(rows.open).toBe(0);
	});

	it('closes its readers when one of them fails at its first row', async () => {
		const rows = watched();
		const broken: RowSource = {
			from: 1,
			// oxlint-disable-next-line require-yield
			async *open() {
				throw new Error('not there');
			},
		};
		await expect(flat(mergeRows([rows.source([kept(0), kept(2), kept(4), kept(6)]), broken]))).rejects.toThrow('not there');
		expect(rows.open).toBe(0);
	});

	it('of nothing is nothing', async () => {
		expect(await flat(mergeRows([]))).toEqual([]);
		expect(await flat(mergeRows([watched().source([])]))).toEqual([]);
	});

	it('takes sources that skip whole batches', async () => {
		const gaps: RowSource = {
			from: 0,
			async *open() {
				yield [];
				yield [kept(0)];
				yield [];
				yield [];
				yield [kept(9)];
			},
		};
		expect((await flat(mergeRows([gaps, watched().source([kept(3), kept(4)])]))).map(({n}) => n)).toEqual([0, 3, 4, 9]);
	});
});
