import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {partName, readPart, writePart} from '../../src/runs/part.ts';
import type {PendingRow, Row} from '../../src/runs/row.ts';
import {addStats, createRowTally} from '../../src/runs/row-stats.ts';
import {type ShardRows, createShardRows} from '../../src/runs/shard-rows.ts';
import {type MemoryObjects, memoryObjects} from '../support/memory-objects.ts';
import {flat, row} from './ledger.ts';

const ranks = ['succeeded', 'skipped', 'failed', 'pending'];

/** What one claim has done: rows of items, saved after some of them. */
interface Claim {
	readonly rows: readonly Row[];
	readonly saveEvery: number;
}
const anyRow = fc
	.tuple(fc.nat({max: 25}), fc.constantFrom('succeeded', 'failed', 'skipped'), fc.nat({max: 3}))
	.map(([n, status, ms]): Row => ({
		...(status === 'succeeded' ? row.succeeded(n) : status === 'failed' ? row.failed(n, `E${ms}`) : row.skipped(n)),
		timings: {fetchMs: ms + 1},
	}));
const anyClaim: fc.Arbitrary<Claim> = fc.record({
	rows: fc.uniqueArray(anyRow, {selector: ({n}) => n, maxLength: 20}),
	saveEvery: fc.integer({min: 1, max: 8}),
});

/** The rules of DESIGN.md, section 4, point 4. */
function oracle(claims: readonly Claim[]): Row[] {
	const best = new Map<number, {readonly row: Row; readonly claim: number}>();
	for (const [claim, {rows}] of claims.entries()) {
		for (const one of rows) {
			const there = best.get(one.n);
			const [rank, otherRank] = [ranks.indexOf(one.status), ranks.indexOf(there?.row.status ?? 'none')];
			if (there === undefined || rank < otherRank || (rank === otherRank && claim >= there.claim)) best.set(one.n, {row: one, claim});
		}
	}
	return [...best.values()].map(({row: kept}) => kept).toSorted((a, b) => a.n - b.n);
}

function work(state: MemoryObjects, rows: ShardRows, {claim, done}: {readonly claim: number; readonly done: Claim}) {
	let seq = 0;
	async function save(): Promise<void> {
		const name = {claim, seq: seq++, counts: {succeeded: 0, failed: 0, skipped: 0}};
		const key = partName(name);
		await state.create(key, writePart({started: 0}, rows.takeUnsaved({key, ...name})));
	}
	return {
		async all({isLastSaved}: {readonly isLastSaved: boolean}): Promise<void> {
			for (const [index, one] of done.rows.entries()) {
				rows.add(one, claim);
				if ((index + 1) % done.saveEvery === 0) await save();
			}
			if (isLastSaved && rows.hasUnsaved()) await save();
		},
	};
}

const parsed = async (rows: ShardRows): Promise<(Row | PendingRow)[]> =>
	(await flat(rows.merged())).map(({text}) => JSON.parse(text) as Row | PendingRow);

describe('the rows of a shard', () => {
	it.each([
		['in memory', 1e9],
		['read back from their parts', 0],
		['of which some are read back', 500],
	])('are the best of all claims, sorted, %s', async (_, mostCharacters) => {
		await fc.assert(
			fc.asyncProperty(fc.array(anyClaim, {minLength: 1, maxLength: 4}), async claims => {
				const state = memoryObjects();
				for (const [claim, done] of claims.slice(0, -1).entries()) {
					await work(state, createShardRows(state), {claim, done}).all({isLastSaved: true});
				}
				const rows = createShardRows(state, {mostCharacters});
				for await (const {key} of state.list('part-')) {
					const claim = Number(key.split('-')[1]);
					rows.addPart(
						{key, claim, seq: 0, counts: {succeeded: 0, failed: 0, skipped: 0}},
						await readPart(state, {key, claim, seq: 0, counts: {succeeded: 0, failed: 0, skipped: 0}}),
					);
				}
				const own = claims.length - 1;
				const before = rows.size;
				const [done = {rows: [], saveEvery: 1}] = claims.slice(-1);
				await work(state, rows, {claim: own, done}).all({isLastSaved: false});
				const expected = oracle(claims);
				expect(await parsed(rows)).toEqual(expected);
				expect(rows.size).toBe(expected.length);
				expect(before).toBeLessThanOrEqual(rows.size);
				for (const {n} of expected) expect(rows.has(n)).toBe(true);
				expect(rows.has(99)).toBe(false);
				const tally = createRowTally();
				for (const one of expected) tally.add(one);
				const found = await rows.stats();
				expect({...found, errors: errorsOf(found)}).toEqual({...tally.stats(), errors: errorsOf(tally.stats())});
			}),
			{numRuns: 100},
		);
	});

	it('list open items as pending beside the others', async () => {
		const rows = createShardRows(memoryObjects());
		rows.add(row.succeeded(1), 1);
		rows.add({n: 0, id: 'item-0', status: 'pending'}, 1);
		expect(await parsed(rows)).toEqual([{n: 0, id: 'item-0', status: 'pending'}, row.succeeded(1)]);
		expect((await rows.stats()).counts).toEqual({succeeded: 1, failed: 0, skipped: 0, pending: 1});
	});

	it('know what is in no part yet, and which parts they have seen', async () => {
		const state = memoryObjects();
		const rows = createShardRows(state);
		expect(rows.hasUnsaved()).toBe(false);
		rows.add(row.succeeded(5), 2);
		rows.add(row.failed(3), 2);
		expect(rows.hasUnsaved()).toBe(true);
		const name = {key: 'a', claim: 2, seq: 0, counts: {succeeded: 1, failed: 1, skipped: 0}};
		expect(rows.takeUnsaved(name).map(({n, status, claim}) => ({n, status, claim}))).toEqual([
			{n: 3, status: 'FAILED', claim: 2},
			{n: 5, status: 'SUCCEEDED', claim: 2},
		]);
		expect(rows.hasUnsaved()).toBe(false);
		expect(rows.takeUnsaved({...name, key: 'b'})).toEqual([]);
		const other = {...name, key: 'c', claim: 1};
		expect(rows.knows(other)).toBe(false);
		rows.addPart(other, {header: {rows: 0, started: 0}, rows: []});
		expect(rows.knows(other)).toBe(true);
	});

	it('give every row of a part of its own once it was spilled: the texts are no longer in memory', async () => {
		const state = memoryObjects();
		const rows = createShardRows(state, {mostCharacters: 0});
		rows.add(row.succeeded(1), 1);
		const name = {key: 'part', claim: 1, seq: 0, counts: {succeeded: 1, failed: 0, skipped: 0}};
		await state.create('part', writePart({started: 1}, rows.takeUnsaved(name)));
		await state.remove('part');
		await expect(flat(rows.merged())).rejects.toMatchObject({code: 'STATE_INVALID'});
	});
});

const errorsOf = (stats: ReturnType<typeof addStats>): string[] => stats.errors.map(({code, count}) => `${count} ${code}`).toSorted();
