import {describe, expect, it} from 'vitest';
import {TwolaneError} from '../../src/lanes/errors.ts';
import {layout} from '../../src/runs/layout.ts';
import {listRunIds, listRuns} from '../../src/runs/list-runs.ts';
import {openLedger} from './ledger.ts';

async function sevenRuns() {
	const ledger = openLedger();
	const ids: string[] = [];
	for (let run = 0; run < 7; run++) {
		ids.unshift((await ledger.create({isFresh: true})).runId);
		ledger.wall.ms += 1000;
	}
	return {ledger, ids};
}

describe('listRuns', () => {
	it('shows the newest first', async () => {
		const {ledger, ids} = await sevenRuns();
		const {runs, cursor} = await listRuns(ledger.ports);
		expect(runs.map(({id}) => id)).toEqual(ids);
		expect(runs[0]).toMatchObject({status: 'PENDING', createdAt: '2026-01-01T00:00:06.000Z'});
		expect(cursor).toBeUndefined();
		expect(await Array.fromAsync(listRunIds(ledger.ports))).toEqual(ids);
	});

	it.each([1, 2, 3, 6, 7, 8])('in pages of %i shows each once, and a cursor where more come', async limit => {
		const {ledger, ids} = await sevenRuns();
		const seen: string[] = [];
		let cursor: string | undefined;
		let pages = 0;
		do {
			const page = await listRuns(ledger.ports, {limit, ...(cursor !== undefined && {cursor})});
			expect(page.runs.length).toBeLessThanOrEqual(limit);
			expect(page.runs.length).toBeGreaterThan(0);
			seen.push(...page.runs.map(({id}) => id));
			({cursor} = page);
			pages++;
		} while (cursor !== undefined);
		expect(seen).toEqual(ids);
		expect(pages).toBe(Math.ceil(7 / limit));
	});

	it('of no runs is an empty page', async () => {
		expect(await listRuns(openLedger().ports)).toEqual({runs: []});
	});

	it('says which run is damaged, and shows the others', async () => {
		const {ledger, ids} = await sevenRuns();
		await ledger.edit(`runs/${ids[3]}/run.json`, () => '{}');
		const {runs} = await listRuns(ledger.ports);
		expect(runs.map(({id}) => id)).toEqual(ids);
		expect(runs.map(run => 'damage' in run)).toEqual([false, false, false, true, false, false, false]);
		expect(runs[3]).toMatchObject({damage: expect.stringContaining(`${ids[3]}/run.json`)});
	});

	it('is not for an error of the store to hide', async () => {
		const {ledger} = await sevenRuns();
		const get = async (): Promise<never> => {
			throw new TwolaneError('STORE_FAILED', 'the disk is gone');
		};
		await expect(listRuns({...ledger.ports, state: {...ledger.state, get}})).rejects.toThrow('the disk is gone');
	});
});

describe('the keys by time', () => {
	it('stand in the order of their bytes from the newest to the oldest, whatever the id', () => {
		const times = [0, 1, 999, 1_700_000_000_000, 1_700_000_000_001, 9_999_999_999_999];
		const keys = times.map((ms, index) => layout.runByTime(`${9 - index}-run`, ms));
		expect(keys.toSorted()).toEqual(keys.toReversed());
	});
});
