import {describe, expect, it} from 'vitest';
import {openShard} from '../../../src/runs/open-shard.ts';
import {readPlan} from '../../../src/runs/plan.ts';
import type {Row} from '../../../src/runs/row.ts';
import type {Work} from '../../../src/runs/work-record.ts';
import {exploreRun, throwFailure} from '../../support/explore-run.ts';
import type {Actor} from '../../support/interleave.ts';
import {type RunWorld, failing, ledgerPorts, makeRun, work} from '../../support/run-setup.ts';

const MINUTES = 180_000;

const rowOf = (n: number): Row => ({n, id: `item-${n}`, status: 'succeeded', attempts: 1, timings: {}, result: 'late', outputs: []});

/** A worker that everybody takes for dead: it goes on saving, whatever has happened to its shard, and tries to seal it. */
const zombie =
	(rows: readonly (readonly number[])[], {isSealing}: {readonly isSealing: boolean}) =>
	async (world: RunWorld, actor: Actor): Promise<void> => {
		const ports = ledgerPorts(world, actor);
		const place = {runId: world.runId, generation: 0, shard: 0};
		const [shard] = (await readPlan(ports, place)) ?? [];
		if (shard === undefined) throw new Error('the run has no shard');
		const claimed = await openShard(ports, place, shard, {window: () => 1});
		for (const ns of rows) {
			for (const n of ns) if (!claimed.rows.has(n)) claimed.add(rowOf(n));
			await claimed.save();
		}
		if (isSealing) await claimed.seal(noWork);
	};

const noWork: Work = {
	startedMs: 0,
	endedMs: 0,
	cpuSeconds: 0,
	bytesIn: 0,
	lanes: {io: {inFlight: 0, waiting: 0, limit: 1}},
	limits: {ioConcurrency: 1, ioConcurrencyPerHost: 1, threads: 1, inFlightBytes: 1, maxBytes: 1, fetchTimeoutMs: 1},
	verdict: {bound: 'balanced', evidence: [], advice: []},
};

const failed = failing({0: 'FETCH_FAILED', 1: 'FETCH_FAILED'});
const worker = (world: RunWorld, actor: Actor) => work(ledgerPorts(world, actor), world.runId, {fetch: failed});

describe('a zombie', () => {
	it(
		'writes parts while another one seals: what comes too late does not exist (all interleavings, killed or not)',
		{timeout: MINUTES},
		async () => {
			const run = await makeRun({shards: [2], isShared: true});
			const {outcomes} = await exploreRun(run, {
				actors: {zombie: zombie([[0], [1]], {isSealing: false}), worker},
				killable: ['zombie', 'worker'],
				check: (_, __, ends) => throwFailure(ends),
			});
			expect(outcomes).toEqual([
				'item-0: failed FETCH_FAILED, item-1: failed FETCH_FAILED',
				'item-0: succeeded, item-1: failed FETCH_FAILED',
				'item-0: succeeded, item-1: succeeded',
			]);
		},
	);

	it('seals, too: the first seal is the only one (all interleavings, killed or not)', {timeout: MINUTES}, async () => {
		const run = await makeRun({shards: [2], isShared: true});
		const {outcomes} = await exploreRun(run, {
			actors: {zombie: zombie([[0, 1]], {isSealing: true}), worker},
			killable: ['zombie', 'worker'],
			check: (_, __, ends) => throwFailure(ends),
		});
		expect(outcomes).toEqual(['item-0: failed FETCH_FAILED, item-1: failed FETCH_FAILED', 'item-0: succeeded, item-1: succeeded']);
	});
});
