import {describe, expect, it} from 'vitest';
import {type RunView, getRun} from '../../../src/runs/get-run.ts';
import {listItems} from '../../../src/runs/list-items.ts';
import {redriveRun} from '../../../src/runs/redrive-run.ts';
import {readStanding} from '../../../src/runs/standing.ts';
import {tidyRun} from '../../../src/runs/tidy-run.ts';
import {exploreRun, throwFailure} from '../../support/explore-run.ts';
import type {Actor, ActorEnd} from '../../support/staged-actor.ts';
import {failing, makeRun, readyAndWork, workedRun} from '../../support/run-setup.ts';
import {type MadeRun, type RunWorld, actorPorts, ledgerPorts} from '../../support/run-world.ts';

const MINUTES = 180_000;
const failed = failing({1: 'FETCH_FAILED'});

/** Works on the run as the command does: makes it ready, ends it, tidies up. */
async function owner(world: RunWorld, actor: Actor): Promise<void> {
	const ports = ledgerPorts(world, actor);
	const fetch = async (n: number): Promise<number> => {
		await actor.clock.sleep(15_100);
		return await failed(n);
	};
	await readyAndWork(ports, world.runId, {fetch});
	await tidyRun(ports, await readStanding(ports, world.runId));
}

async function redriver(world: RunWorld, actor: Actor): Promise<void> {
	const ports = ledgerPorts(world, actor);
	await redriveRun(ports, world.runId);
	await readyAndWork(ports, world.runId);
	await tidyRun(ports, await readStanding(ports, world.runId));
}

async function reader(world: RunWorld, actor: Actor): Promise<readonly string[]> {
	const rows: string[] = [];
	for await (const batch of listItems(actorPorts(world, actor), world.runId)) for (const {n, status} of batch) rows.push(`${n} ${status}`);
	return rows;
}

const valueOf = (end: ActorEnd | undefined): unknown => {
	if (end?.is !== 'done') throw new Error('the actor has no value');
	return end.value;
};

const runs: readonly (readonly [string, () => Promise<MadeRun>, typeof owner])[] = [
	['that is new', async () => await makeRun({shards: [2], isShared: false}), owner],
	[
		'that was stopped',
		async () => await workedRun(await makeRun({shards: [2], isShared: false}), {stop: AbortSignal.abort('PAUSED')}),
		owner,
	],
	['that is redriven', async () => await workedRun(await makeRun({shards: [2], isShared: false}), {fetch: failed}), redriver],
];

describe('while a run goes on, ends and is tidied', () => {
	it.each(runs)('`results` of one %s has each item once, and never fails (all interleavings)', {timeout: MINUTES}, async (_, open, act) => {
		const seen = new Set<string>();
		await exploreRun(await open(), {
			actors: {owner: act, reader},
			check(_, __, ends) {
				throwFailure(ends);
				const rows = valueOf(ends['reader']) as Awaited<ReturnType<typeof reader>>;
				expect(rows.map(row => row.split(' ')[0])).toEqual(['0', '1']);
				seen.add(rows.join(', '));
			},
		});
		expect(seen.size).toBeGreaterThan(1);
	});

	it.each(runs)('`status` of one %s adds up (all interleavings)', {timeout: MINUTES}, async (_, open, act) => {
		const seen = new Set<string>();
		await exploreRun(await open(), {
			actors: {owner: act, asker: (world, actor) => getRun(ledgerPorts(world, actor), world.runId)},
			check(_, __, ends) {
				throwFailure(ends);
				const {status, completionReason, itemCounts} = valueOf(ends['asker']) as RunView;
				const {total, ...counts} = itemCounts;
				expect([total, Object.values(counts).reduce((sum, count) => sum + count, 0), Math.min(...Object.values(counts))]).toEqual([
					2, 2, 0,
				]);
				if (completionReason === 'ALL_COMPLETED') expect(counts.pending, 'items left in a run that has ended').toBe(0);
				seen.add(status);
			},
		});
		expect(seen.size).toBeGreaterThan(1);
	});
});
