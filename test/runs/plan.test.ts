import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {planItems} from '../../src/manifest/plan-items.ts';
import {createIndexer} from '../../src/runs/items-index.ts';
import {MOST_SHARD_ITEMS, countItems, countRepeats, cutShards, readPlan, shardItems, writePlan} from '../../src/runs/plan.ts';
import {makeFlow, sha256} from '../support/lane-setup.ts';
import {linesOf, openLedger, sourceOf} from './ledger.ts';

const place = {runId: 'a', generation: 0};

describe('shardItems', () => {
	it.each([
		[0, 1, 10],
		[1, 1, 10],
		[100, 1, 30],
		[100, 50, 10],
		[39_960, 1, 9990],
		[39_961, 1, 10_000],
		[3_000_000, 50, 10_000],
		[2_000_000, 50, 10_000],
		[1_000_000, 50, 5000],
	])('of %i items for %i workers is %i', (total, workers, items) => {
		expect(shardItems(total, workers)).toBe(items);
	});

	it('is a multiple of ten that gives each worker about four shards, and no more than ten thousand items', () => {
		fc.assert(
			fc.property(fc.nat({max: 20_000_000}), fc.integer({min: 1, max: 5000}), (total, workers) => {
				const items = shardItems(total, workers);
				expect(items % 10).toBe(0);
				expect(items).toBeGreaterThanOrEqual(10);
				expect(items).toBeLessThanOrEqual(MOST_SHARD_ITEMS);
				if (items < MOST_SHARD_ITEMS) expect(items * 4 * workers).toBeGreaterThanOrEqual(total);
				if (items > 10) expect((items - 10) * 4 * workers).toBeLessThan(total);
			}),
		);
	});
});

describe('cutShards', () => {
	it('cuts a written items file into byte ranges that hold whole lines and join to the whole file', () => {
		fc.assert(
			fc.property(
				fc.array(fc.string({unit: 'grapheme', maxLength: 12}), {maxLength: 200}),
				fc.integer({min: 1, max: 6}),
				(texts, workers) => {
					const lines = texts.map((text, n) => JSON.stringify({n, id: text}));
					const indexer = createIndexer();
					const bytes = Buffer.from(lines.map(line => indexer.add(line)).join(''));
					const plan = cutShards(indexer.finish('0/items-x.jsonl'), workers);
					const size = shardItems(lines.length, workers);
					let end = 0;
					for (const [index, shard] of plan.entries()) {
						expect(shard).toMatchObject({shard: index, items: '0/items-x.jsonl', start: end, repeats: 0});
						const held = linesOf(bytes.subarray(shard.start, shard.end).toString());
						expect(held).toEqual(lines.slice(index * size, (index + 1) * size));
						expect(held).toHaveLength(shard.count);
						({end} = shard);
					}
					expect(end).toBe(bytes.length);
					expect(countItems(plan)).toBe(lines.length);
				},
			),
		);
	});

	it('of a planned manifest counts every repeat in the shard that follows the ones before, and joins to its file', async () => {
		const bare = fc.nat({max: 60}).map(file => ({file: `/${file}`}));
		await fc.assert(
			fc.asyncProperty(fc.array(bare, {maxLength: 300}), fc.integer({min: 1, max: 4}), async (items, workers) => {
				const files = new Map<string, string>();
				const planned = await planItems(makeFlow({}), [sourceOf(items)], {
					sha256,
					files: {
						async write(texts) {
							const name = `file-${files.size}`;
							files.set(name, (await Array.fromAsync(texts)).join(''));
							return name;
						},
						lines: async function* (name) {
							yield linesOf(files.get(name) ?? '');
						},
						remove: async () => {},
					},
				});
				const plan = cutShards({...planned, items: planned.file}, workers);
				const bytes = Buffer.from(files.get(planned.file) ?? '');
				expect(plan.map(({start, end}) => bytes.subarray(start, end).toString()).join('')).toBe(bytes.toString());
				expect(countItems(plan)).toBe(new Set(items.map(({file}) => file)).size);
				expect(countRepeats(plan)).toBe(items.length - countItems(plan));
			}),
			{numRuns: 40, examples: [[[], 1]]},
		);
	});

	it('of no items makes no shards', () => {
		expect(cutShards(createIndexer().finish('0/items-x.jsonl'), 4)).toEqual([]);
	});
});

describe('plan.json', () => {
	it('is a JSON array with a shard a line, read as it was written', async () => {
		const {ports, state} = openLedger();
		const shards = [0, 1].map(shard => ({
			shard,
			items: '0/items-x.jsonl',
			start: shard * 100,
			end: shard * 100 + 100,
			count: 10,
			repeats: shard,
		}));
		await state.create('runs/a/0/plan.json', writePlan(shards));
		expect(linesOf(writePlan(shards))).toHaveLength(4);
		expect(await readPlan(ports, place)).toEqual(shards);
	});

	it('of no shards is an array, too', async () => {
		const {ports, state} = openLedger();
		await state.create('runs/a/0/plan.json', writePlan([]));
		expect(await readPlan(ports, place)).toEqual([]);
	});

	it('that is not there is no plan', async () => {
		expect(await readPlan(openLedger().ports, place)).toBeUndefined();
	});

	it.each([
		['that was cut off', '[\n{"shard":0', /is not JSON/u],
		['with a shard of no items', '[{"shard":0,"items":"x","start":0,"end":0,"count":0,"repeats":0}]', /0\.count/u],
		['that is no list', '{}', /is not what it was written as/u],
	])('%s is refused', async (_, text, problem) => {
		const {ports, state} = openLedger();
		await state.create('runs/a/0/plan.json', text);
		await expect(readPlan(ports, place)).rejects.toMatchObject({code: 'STATE_INVALID', message: expect.stringMatching(problem)});
		await expect(readPlan(ports, place)).rejects.toThrow('memory:/runs/a/0/plan.json');
	});
});
