import {describe, expect, it} from 'vitest';
import {forgetRun} from '../../src/runs/forget-run.ts';
import {redriveRun} from '../../src/runs/redrive-run.ts';
import {readStanding} from '../../src/runs/standing.ts';
import {tidyRun} from '../../src/runs/tidy-run.ts';
import type {MemoryObjectsOptions} from '../support/memory-objects.ts';
import {type Ledger, openLedger} from './ledger.ts';
import {failing, states} from './states.ts';

const tidy = async (ledger: Ledger, runId: string): Promise<void> => tidyRun(ledger.ports, await readStanding(ledger.ports, runId));

/** A redriven run with claims, parts, and files that a loser has left. */
async function redriven(options?: MemoryObjectsOptions) {
	const ledger = openLedger(options);
	const runId = await states.FAILED(ledger);
	await redriveRun(ledger.ports, runId);
	const strays = ['0/items-loser.jsonl', '1/items-loser.jsonl', '0/rows/0-9-SUCCEEDED.jsonl', '1/rows/0-9-FAILED.jsonl'];
	for (const key of strays) await ledger.state.create(`runs/${runId}/${key}`, 'x\n');
	await ledger.state.create(`work/${runId}b/0/0/claim-1`, '{}');
	return {ledger, runId, strays};
}

describe('tidyRun', () => {
	it('removes checkpoints and what nothing names, of every generation, and leaves the rest', async () => {
		const {ledger, runId, strays} = await redriven();
		await ledger.work(runId, failing(7), {lanes: {attempts: 1}});
		const before = ledger.keys();
		const results = ledger.results(runId);
		expect(ledger.keys(`work/${runId}/`).length).toBeGreaterThan(0);
		await tidy(ledger, runId);
		const gone = before.filter(key => !ledger.keys().includes(key));
		expect(gone).toEqual(before.filter(key => key.startsWith(`work/${runId}/`) || strays.some(stray => key.endsWith(stray))));
		expect(ledger.results(runId)).toEqual(results);
		await tidy(ledger, runId);
		expect(await redriveRun(ledger.ports, runId)).toMatchObject({generation: 2, items: 1});
	});

	it('leaves the checkpoints of a redrive that has begun since it looked', async () => {
		const ledger = openLedger();
		const runId = await states.FAILED(ledger);
		const looked = await readStanding(ledger.ports, runId);
		await redriveRun(ledger.ports, runId);
		await ledger.state.create(`work/${runId}/1/0/part-0-0-0-1-0.jsonl`, 'a row that was copied');
		await tidyRun(ledger.ports, looked);
		expect(ledger.keys(`work/${runId}/`)).toEqual([`work/${runId}/1/0/part-0-0-0-1-0.jsonl`]);
	});

	it('leaves everything while the run goes on', async () => {
		const {ledger, runId} = await redriven();
		const before = ledger.keys();
		await tidy(ledger, runId);
		expect(ledger.keys()).toEqual(before);
	});

	it('leaves everything where several machines may work', async () => {
		const {ledger, runId} = await redriven({isShared: true});
		await ledger.work(runId, failing(7), {lanes: {attempts: 1}});
		const before = ledger.keys();
		await tidy(ledger, runId);
		expect(ledger.keys()).toEqual(before);
	});
});

describe('forgetRun', () => {
	it('takes back a run with what was kept of its sources, and no other', async () => {
		const ledger = openLedger();
		await ledger.create();
		const kept = ledger.keys();
		const source = {kind: 'stdin', name: 'stdin', base: '/', sha256: '0'.repeat(64), spool: 'spool/a'} as const;
		await ledger.state.create('spool/a', 'x');
		const spec = await ledger.create({identity: {sources: [source]}});
		expect(ledger.keys().length).toBeGreaterThan(kept.length);
		await forgetRun(ledger.ports, spec);
		expect(ledger.keys()).toEqual(kept);
	});

	it('that was killed leaves a run that is still listed, or can be created again', async () => {
		for (const killedAt of [1, 2, 3]) {
			let removed = 0;
			const ledger = openLedger({
				before: ({op}) => {
					if (op === 'remove' && ++removed === killedAt) throw new Error('killed');
				},
			});
			const spec = await ledger.create();
			await expect(forgetRun(ledger.ports, spec)).rejects.toThrow('killed');
			expect(await ledger.create()).toEqual(spec);
			expect(ledger.keys()).toEqual(
				[
					`active/${spec.runId}`,
					`runs-by-time/${9_999_999_999_999 - ledger.wall.ms}-${spec.runId}`,
					`runs/${spec.runId}/run.json`,
				].toSorted(),
			);
		}
	});
});
