import {describe, expect, it} from 'vitest';
import {layout} from '../../../src/runs/layout.ts';
import {openShard} from '../../../src/runs/open-shard.ts';
import {readPlan} from '../../../src/runs/plan.ts';
import type {Row} from '../../../src/runs/row.ts';
import type {Work} from '../../../src/runs/work-record.ts';
import type {RunSeen} from '../../support/check-run.ts';
import {exploreRun, throwFailure} from '../../support/explore-run.ts';
import type {Actor} from '../../support/staged-actor.ts';
import {failing, makeRun, work} from '../../support/run-setup.ts';
import {type RunWorld, ledgerPorts} from '../../support/run-world.ts';

const MINUTES = 180_000;

type Status = Row['status'];

/** A row that tells whose it is. */
function rowOf(n: number, status: Status, claim: number): Row {
	const row = {n, id: `item-${n}`, attempts: 1, timings: {}, meta: {claim}} as const;
	if (status === 'succeeded') return {...row, status, result: 'late', outputs: []};
	if (status === 'skipped') return {...row, status, reason: 'late'};
	return {...row, status, error: {code: 'HTTP_STATUS', stage: 'fetch', retryable: false, message: 'late'}};
}

/** A worker that everybody takes for dead: it goes on saving, whatever has happened to its shard, and tries to seal it. */
const zombie =
	(
		rows: readonly (readonly number[])[],
		{isSealing = false, status = 'succeeded'}: {readonly isSealing?: boolean; readonly status?: Status} = {},
	) =>
	async (world: RunWorld, actor: Actor): Promise<void> => {
		const ports = ledgerPorts(world, actor);
		const place = {runId: world.runId, generation: 0, shard: 0};
		const [shard] = (await readPlan(ports, place)) ?? [];
		if (shard === undefined) throw new Error('the run has no shard');
		const claimed = await openShard(ports, place, shard, {window: () => 1});
		for (const ns of rows) {
			for (const n of ns) if (!claimed.rows.has(n)) claimed.add(rowOf(n, status, claimed.claim));
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

/** Fails every item. @returns how many it has tried. */
async function worker(world: RunWorld, actor: Actor): Promise<number> {
	let tried = 0;
	const fetch = async (n: number): Promise<number> => {
		tried++;
		return await failed(n);
	};
	await work(ledgerPorts(world, actor), world.runId, {fetch});
	return tried;
}

/** The row that should count of those in all parts: `succeeded` before `skipped` before `failed`, then the higher claim. */
function bestOf({state, runId}: RunWorld, n: number): string | undefined {
	const texts = [...state.objects].flatMap(([key, {text}]) =>
		key.startsWith(`work/${runId}/0/0/part-`) ? text.split('\n').slice(1, -1) : [],
	);
	const rows = texts
		.map(text => ({text, row: JSON.parse(text) as {n: number; status: string; meta: {claim: number}}}))
		.filter(({row}) => row.n === n);
	const rank = ({row}: (typeof rows)[number]): number => ['failed', 'skipped', 'succeeded'].indexOf(row.status) * 100 + row.meta.claim;
	return rows.toSorted((a, b) => rank(b) - rank(a))[0]?.text;
}

describe('two zombies', () => {
	it.each<readonly [Status, Status]>([
		['failed', 'succeeded'],
		['failed', 'skipped'],
		['skipped', 'succeeded'],
		['succeeded', 'succeeded'],
		['failed', 'failed'],
	])(
		'left rows of the same items, %s and %s: the better one counts, then that of the higher claim (all interleavings)',
		async (status, other) => {
			const run = await makeRun({shards: [2], isShared: true});
			let both = 0;
			await exploreRun(run, {
				actors: {zombie: zombie([[0], [1]], {status}), other: zombie([[1], [0]], {status: other})},
				killable: ['zombie', 'other'],
				check({rows}, world, ends) {
					throwFailure(ends);
					for (const [n, row] of rows.entries()) expect(row).toBe(bestOf(world, n) ?? row);
					if (Object.values(ends).every(({is}) => is === 'done')) both++;
				},
			});
			expect(both).toBeGreaterThan(10);
		},
	);
});

/** Under which claim the shard was sealed, and those of its rows that come from parts of a zombie. */
function sealOf({rows}: RunSeen, {state, runId}: RunWorld): string {
	const seal = JSON.parse(state.objects.get(layout.seal({runId, generation: 0, shard: 0}))?.text ?? '') as {readonly claim: number};
	const claims = rows.map(row => (JSON.parse(row) as {readonly meta?: {readonly claim: number}}).meta?.claim ?? '-');
	return `${seal.claim}: ${claims.join(' ')}`;
}

describe('a zombie', () => {
	it(
		'writes parts while another one seals: what comes too late does not exist (all interleavings, killed or not)',
		{timeout: MINUTES},
		async () => {
			const run = await makeRun({shards: [2], isShared: true});
			const seals = new Set<string>();
			const {outcomes} = await exploreRun(run, {
				actors: {zombie: zombie([[0], [1]]), worker},
				killable: ['zombie', 'worker'],
				check(seen, world, ends) {
					throwFailure(ends);
					const tried = ends['worker']?.is === 'done' ? String(ends['worker'].value) : 'killed';
					seals.add(`${sealOf(seen, world)}, ${tried} tried`);
				},
			});
			expect(outcomes).toEqual([
				'item-0: failed FETCH_FAILED, item-1: failed FETCH_FAILED',
				'item-0: succeeded, item-1: failed FETCH_FAILED',
				'item-0: succeeded, item-1: succeeded',
			]);
			// Also parts that came after the worker had looked for them, of a lower and of a higher claim.
			expect([...seals]).toEqual(
				expect.arrayContaining(['1: - -, 2 tried', '1: 2 -, 2 tried', '1: 2 2, 2 tried', '2: 1 -, 2 tried', '2: 1 1, 0 tried']),
			);
		},
	);

	it('seals, too: the first seal is the only one (all interleavings, the zombie killed or not)', {timeout: MINUTES}, async () => {
		const run = await makeRun({shards: [2], isShared: true});
		const {outcomes} = await exploreRun(run, {
			actors: {zombie: zombie([[0, 1]], {isSealing: true, status: 'failed'}), worker},
			killable: ['zombie'],
			check: (_, __, ends) => throwFailure(ends),
		});
		expect(outcomes).toEqual([
			'item-0: failed FETCH_FAILED, item-1: failed FETCH_FAILED',
			'item-0: failed HTTP_STATUS, item-1: failed HTTP_STATUS',
		]);
	});
});
