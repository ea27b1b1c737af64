import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {TwolaneError} from '../../src/lanes/errors.ts';
import {countEnded, listAllWork, listWork, partName, readPart, writePart} from '../../src/runs/part.ts';
import {type Row, keepRow} from '../../src/runs/row.ts';
import {memoryObjects} from '../support/memory-objects.ts';
import {row} from './ledger.ts';

const place = {runId: 'a', generation: 0, shard: 3};
const nameOf = (key: string, claim = 1) => ({key, claim, seq: 0, counts: {succeeded: 0, failed: 0, skipped: 0}});
const keep = (rows: readonly Row[]) => rows.map(one => keepRow(one, {claim: 1}));

async function readText(text: string) {
	const state = memoryObjects();
	await state.create('part', text);
	return await readPart(state, nameOf('part'));
}

describe('a part', () => {
	const rows = [row.succeeded(0, {result: 'a\u2028\n"ü'}), row.failed(2), row.skipped(7)];

	it('is read as it was written, with the claim of its name', async () => {
		const text = writePart({started: 12, isEnd: true}, keep(rows));
		const part = await readText(text);
		expect(part.header).toEqual({rows: 3, started: 12, isEnd: true});
		expect(part.rows.map(([, parsed]) => parsed)).toEqual(rows);
		expect(part.rows.map(([kept]) => kept)).toEqual(keep(rows));
	});

	it('may have no rows, only the word of what was started', async () => {
		expect(await readText(writePart({started: 64}, []))).toEqual({header: {rows: 0, started: 64}, rows: []});
	});

	it('is read as it was written, whatever its rows are', async () => {
		const message = fc.string({unit: 'grapheme'});
		await fc.assert(
			fc.asyncProperty(fc.array(message, {maxLength: 20}), fc.nat(), async (messages, started) => {
				const failures = messages.map((text, n) => row.failed(n, 'NO', text));
				const part = await readText(writePart({started}, keep(failures)));
				expect(part.rows.map(([, parsed]) => parsed)).toEqual(failures);
				expect(part.header).toEqual({rows: failures.length, started});
			}),
			{numRuns: 50},
		);
	});

	it('that was cut off, wherever, is refused with its name and what to do', async () => {
		const whole = Buffer.from(writePart({started: 12}, keep(rows)));
		for (let length = 0; length < whole.length; length++) {
			const state = memoryObjects();
			await state.create('work/a/0/3/part', whole.subarray(0, length));
			const error = await readPart(state, nameOf('work/a/0/3/part')).catch((thrown: unknown) => thrown);
			expect(error, `after ${length} bytes`).toBeInstanceOf(TwolaneError);
			expect(error).toMatchObject({code: 'STATE_INVALID'});
			expect(String(error)).toContain('memory:/work/a/0/3/part');
			expect(String(error)).toContain('Remove the file: the items it recorded are then run again');
		}
	});

	it.each([
		['a row too many', (text: string) => `${text}${JSON.stringify(row.failed(9))}\n`, /it has 4 of 3 rows/u],
		['a row that is none', (text: string) => text.replace(/\{"n":2,.*/u, '{"n":2}'), /is damaged in line 3/u],
		['a row of an unknown status', (text: string) => text.replace('"status":"failed"', '"status":"lost"'), /is damaged in line 3/u],
		['another first line', (text: string) => text.replace('"rows":3', '"lines":3'), /is not a part of a run/u],
		['nothing in it', () => '', /is not a part of a run/u],
	])('with %s is refused', async (_, change, problem) => {
		await expect(readText(change(writePart({started: 12}, keep(rows))))).rejects.toMatchObject({
			code: 'STATE_INVALID',
			message: expect.stringMatching(problem),
		});
	});

	it('that is gone is refused', async () => {
		await expect(readPart(memoryObjects(), nameOf('gone'))).rejects.toMatchObject({
			code: 'STATE_INVALID',
			message: expect.stringContaining('disappeared'),
		});
	});
});

describe('the work on a shard', () => {
	const name = (claim: number, seq: number, counts: readonly [number, number, number]): string =>
		partName({claim, seq, counts: {succeeded: counts[0], failed: counts[1], skipped: counts[2]}});

	it('is listed with its parts in the order in which they were written, and without what is no part', async () => {
		const state = memoryObjects();
		const names = [
			'claim-1',
			'claim-12',
			name(1, 0, [1, 0, 0]),
			name(12, 0, [2, 2, 2]),
			name(1, 2, [4, 1, 0]),
			name(1, 10, [9, 1, 1]),
			'note',
			'part-1-x.jsonl',
		];
		for (const one of names) await state.create(`work/a/0/3/${one}`, '');
		await state.create(`work/a/0/31/${name(5, 0, [1, 1, 1])}`, '');
		const work = await listWork(state, place);
		expect(work.highestClaim).toBe(12);
		expect(work.parts.map(({claim, seq}) => [claim, seq])).toEqual([
			[1, 0],
			[1, 2],
			[1, 10],
			[12, 0],
		]);
		expect(countEnded(work)).toEqual({succeeded: 11, failed: 3, skipped: 3});
	});

	it('of every shard is the same as of each', async () => {
		const state = memoryObjects();
		for (const shard of [0, 3, 12]) {
			await state.create(`work/a/0/${shard}/claim-${shard + 1}`, '');
			await state.create(`work/a/0/${shard}/${name(shard + 1, 0, [shard, 0, 0])}`, '');
		}
		await state.create('work/a/1/0/claim-9', '');
		const all = await listAllWork(state, place);
		expect([...all.keys()].toSorted((a, b) => a - b)).toEqual([0, 3, 12]);
		for (const [shard, work] of all) expect(work).toEqual(await listWork(state, {...place, shard}));
	});

	it('that nobody has begun is nothing', async () => {
		expect(await listWork(memoryObjects(), place)).toEqual({highestClaim: 0, parts: []});
		expect(countEnded(undefined)).toEqual({succeeded: 0, failed: 0, skipped: 0});
	});
});
