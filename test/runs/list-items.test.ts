import {describe, expect, it} from 'vitest';
import {listItems} from '../../src/runs/list-items.ts';
import {flat, itemsOf, openLedger} from './ledger.ts';
import {failing, states, stopAfter} from './states.ts';

const numbersOf = async (batches: ReturnType<typeof listItems>): Promise<number[]> => (await flat(batches)).map(({n}) => n);
const range = (from: number, to: number): number[] => Array.from({length: to - from}, (_, index) => from + index);

/** A run of three shards: one sealed, one begun, one untouched; the items 1 and 11 have failed. */
async function halfDone() {
	const ledger = openLedger();
	const {runId} = await ledger.plan(itemsOf(30));
	const {stages, working} = stopAfter(15, 'INTERRUPTED');
	const {fetch} = failing(1, 11);
	await ledger.work(
		runId,
		{
			fetch: async (item, context) => {
				await stages.fetch?.(item, context);
				return await fetch?.(item, context);
			},
		},
		{...working, lanes: {...working.lanes, attempts: 1}},
	);
	return {ledger, runId};
}

describe('listItems', () => {
	it('shows every item once in the order of the manifest, also while the run goes on', async () => {
		const {ledger, runId} = await halfDone();
		const rows = await flat(listItems(ledger.ports, runId));
		expect(rows.map(({n}) => n)).toEqual(range(0, 30));
		expect(rows.map(({status}) => status)).toEqual(
			range(0, 30).map(n => (n === 1 || n === 11 ? 'FAILED' : n < 15 ? 'SUCCEEDED' : 'PENDING')),
		);
		expect(rows.map(({text}) => (JSON.parse(text) as {id: string}).id)).toEqual(range(0, 30).map(n => `item-${n}`));
	});

	it.each([
		['succeeded', range(0, 15).filter(n => n !== 1 && n !== 11)],
		['failed', [1, 11]],
		['skipped', []],
		['pending', range(15, 30)],
	] as const)('of the %s ones shows those alone', async (status, ordinals) => {
		const {ledger, runId} = await halfDone();
		expect(await numbersOf(listItems(ledger.ports, runId, {status}))).toEqual(ordinals);
	});

	it('goes on after the last item of the page before', async () => {
		const {ledger, runId} = await halfDone();
		for (const after of [-1, 0, 8, 9, 10, 14, 28, 29, 100]) {
			expect(await numbersOf(listItems(ledger.ports, runId, {after})), `after ${after}`).toEqual(range(after + 1, 30));
			expect(await numbersOf(listItems(ledger.ports, runId, {after, status: 'failed'})), `failed after ${after}`).toEqual(
				[1, 11].filter(n => n > after),
			);
		}
	});

	it('opens no file that lies before the page, and none that lies after it', async () => {
		const reads: string[] = [];
		const ledger = openLedger({before: ({op, key}) => void (op === 'read' && reads.push(key))});
		const {runId} = await ledger.plan(itemsOf(60), {maxWorkers: 2});
		await ledger.work(runId);
		reads.length = 0;
		for await (const batch of listItems(ledger.ports, runId, {after: 29})) {
			expect(batch[0]?.n).toBe(30);
			break;
		}
		expect(reads.map(key => key.replace(/^.*rows\//u, ''))).toEqual(['3-1-SUCCEEDED.jsonl']);
	});

	it('of a run that is not planned, or has no items, is empty', async () => {
		const ledger = openLedger();
		expect(await numbersOf(listItems(ledger.ports, await states.PENDING(ledger)))).toEqual([]);
		const {runId} = await ledger.plan([], {isFresh: true});
		expect(await numbersOf(listItems(ledger.ports, runId))).toEqual([]);
	});

	it.each([
		['cut off', (text: string) => text.slice(0, -20)],
		['shorter by a row', (text: string) => text.slice(text.indexOf('\n') + 1)],
		['damaged at its beginning', (text: string) => `?${text}`],
		['edited', (text: string) => text.replace('"attempts":1', '"attempts":2')],
	])('meets a row file that was %s with its name, not with silence', async (_, change) => {
		const ledger = openLedger();
		const runId = await states.SUCCEEDED(ledger);
		await ledger.edit(`runs/${runId}/0/rows/1-1-SUCCEEDED.jsonl`, change);
		await expect(flat(listItems(ledger.ports, runId))).rejects.toMatchObject({
			code: 'STATE_INVALID',
			message: expect.stringMatching(/1-1-SUCCEEDED\.jsonl is not what was sealed/u),
		});
	});

	it('meets a row file that is gone with its name', async () => {
		const ledger = openLedger();
		const runId = await states.SUCCEEDED(ledger);
		await ledger.state.remove(`runs/${runId}/0/rows/1-1-SUCCEEDED.jsonl`);
		await expect(flat(listItems(ledger.ports, runId))).rejects.toMatchObject({
			code: 'STATE_INVALID',
			message: expect.stringMatching(/1-1-SUCCEEDED\.jsonl is gone/u),
		});
	});
});
