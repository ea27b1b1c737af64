import {join} from 'node:path';
import fc from 'fast-check';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {runFolder} from '../../src/adapters/directory/run-folder.ts';
import type {Outcome} from '../../src/lanes/outcome.ts';
import type {RunFiles} from '../../src/runs/files.ts';
import {SHARD_ITEMS, layout} from '../../src/runs/layout.ts';
import {createRowWriter} from '../../src/runs/row-writer.ts';
import {type Workplace, readResultRows, workplace} from '../support/cli.ts';

const base = (n: number) => ({n, id: `id-${n}`, item: {secret: 'stays in the items file'}, attempts: 1, timings: {}});
const succeeded = (n: number): Outcome => ({...base(n), status: 'succeeded', result: n, outputs: []});
const failed = (n: number): Outcome => ({
	...base(n),
	status: 'failed',
	error: {code: 'EMPTY_BODY', stage: 'fetch', retryable: false, message: 'It is empty.'},
});
const skipped = (n: number): Outcome => ({...base(n), status: 'skipped', reason: 'no need'});
const make = {succeeded, failed, skipped} as const;

let place: Workplace;
let folder: string;
let files: RunFiles;
let runs = 0;

beforeEach(async () => {
	place = await workplace();
});
afterEach(() => place[Symbol.asyncDispose]());

/** A run that takes outcomes in the given order out of `total` items, and the rows that it leaves. */
async function keep(outcomes: readonly Outcome[], total: number) {
	folder = join(place.path, `run-${++runs}`);
	files = runFolder(folder);
	await files.writeAll(layout.items, itemLines(total));
	const rows = createRowWriter({files, total});
	for (const outcome of outcomes) await rows.add(outcome);
	const resultFiles = await rows.finish();
	return {resultFiles, rows: await readResultRows(folder, resultFiles)};
}

async function* itemLines(total: number): AsyncGenerator<string> {
	for (let n = 0; n < total; n++) yield `${JSON.stringify({n, id: `id-${n}`, item: {n}})}\n`;
}

describe('rows', () => {
	it('of no items are no files', async () => {
		const {resultFiles} = await keep([], 0);
		expect(resultFiles).toEqual({SUCCEEDED: [], SKIPPED: [], FAILED: [], PENDING: []});
	});

	it('carry everything of the outcome but the item', async () => {
		const {rows, resultFiles} = await keep([failed(0)], 1);
		const {item: _, ...row} = failed(0);
		expect(rows.FAILED).toEqual([row]);
		expect(resultFiles.FAILED[0]?.key).toBe('0/rows/0-1-FAILED.jsonl');
	});

	it('name each item exactly once, sorted, in whatever order outcomes come and wherever the run stops', async () => {
		const status = fc.constantFrom('succeeded', 'failed', 'skipped', 'pending');
		await fc.assert(
			fc.asyncProperty(fc.array(fc.tuple(status, fc.integer()), {maxLength: 30}), async drawn => {
				const expected = Object.groupBy(
					drawn.map(([status], n) => ({n, status})),
					({status}) => status,
				);
				const inSomeOrder = drawn.map(([status, order], n) => ({n, status, order})).toSorted((a, b) => a.order - b.order);
				const outcomes = inSomeOrder.flatMap(({n, status}) => (status === 'pending' ? [] : [make[status](n)]));
				const {rows} = await keep(outcomes, drawn.length);
				for (const [name, kept] of Object.entries(rows)) {
					expect(kept.map(({n}) => n)).toEqual((expected[name.toLowerCase() as 'pending'] ?? []).map(({n}) => n));
				}
			}),
			{numRuns: 40},
		);
	});

	it('of a shard are written when it is complete, and not held until the end', async () => {
		const total = 2 * SHARD_ITEMS + 1;
		folder = join(place.path, 'shards');
		files = runFolder(folder);
		await files.writeAll(layout.items, itemLines(total));
		const rows = createRowWriter({files, total});
		// The second shard is complete first: the first one waits for its slow item 0.
		for (let n = 1; n < 2 * SHARD_ITEMS - 1; n++) expect(rows.add(succeeded(n))).toBeUndefined();
		await rows.add(failed(2 * SHARD_ITEMS - 1));
		expect(await place.list('shards/0/rows')).toEqual(
			expect.arrayContaining(['1-1-SUCCEEDED.jsonl', '1-1-FAILED.jsonl'].map(name => expect.stringMatching(name))),
		);
		await rows.add(succeeded(0));
		const resultFiles = await rows.finish();
		expect(resultFiles.SUCCEEDED.map(({key, items}) => [key, items])).toEqual([
			['0/rows/0-1-SUCCEEDED.jsonl', SHARD_ITEMS],
			['0/rows/1-1-SUCCEEDED.jsonl', SHARD_ITEMS - 1],
		]);
		expect(resultFiles.PENDING).toMatchObject([{key: '0/rows/2-1-PENDING.jsonl', items: 1}]);
		const kept = await readResultRows(folder, resultFiles);
		expect(kept.PENDING).toEqual([{n: total - 1, id: `id-${total - 1}`, status: 'pending'}]);
		expect(Object.values(kept).flat()).toHaveLength(total);
	});

	it('that cannot be written end the run with the reason, and leave no half file', async () => {
		await place.write('full/0/rows', 'a file where the folder should be');
		const rows = createRowWriter({files: runFolder(join(place.path, 'full')), total: 1});
		await expect(rows.add(succeeded(0))).rejects.toMatchObject({name: 'TwolaneError', message: expect.stringContaining('0/rows')});
		expect(await place.list('full')).toEqual(['0/rows']);
	});
});

describe('a file of the run’s folder', () => {
	it('appears whole or not at all: an error of its texts is passed on as it is', async () => {
		files = runFolder(place.path);
		const problem = new Error('line 7 is broken');
		const texts = async function* () {
			yield 'a\n';
			throw problem;
		};
		await expect(files.writeAll('0/items.jsonl', texts())).rejects.toBe(problem);
		expect(await place.list('0')).toEqual([]);
	});

	it('is read back line by line', async () => {
		files = runFolder(place.path);
		await files.write('a.jsonl', 'one\ntwo ü\n');
		expect(await Array.fromAsync(files.lines('a.jsonl'))).toEqual(['one', 'two ü']);
	});
});
