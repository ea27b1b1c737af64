import {beforeAll, describe, expect, it} from 'vitest';
import type {Context} from '../../../src/lanes/flow.ts';
import {exploreRun, throwFailure} from '../../support/explore-run.ts';
import type {Actor} from '../../support/staged-actor.ts';
import {type Worker, failing, hashAtOnce, makeRun, work} from '../../support/run-setup.ts';
import {type RunWorld, ledgerPorts} from '../../support/run-world.ts';

const MINUTES = 180_000;
const refusing: Worker = {fetch: failing({0: 'FETCH_FAILED', 1: 'FETCH_FAILED'})};

const worker =
	(options: Worker = {}) =>
	(world: RunWorld, actor: Actor) =>
		work(ledgerPorts(world, actor), world.runId, options);

const FAILED = 'item-0: failed FETCH_FAILED, item-1: failed FETCH_FAILED';
const SUCCEEDED = 'item-0: succeeded, item-1: succeeded';

beforeAll(hashAtOnce);

describe('two workers on one shard', () => {
	it(
		'one fails where the other one succeeds, and any of them is killed: every item ends once (all interleavings)',
		{timeout: MINUTES},
		async () => {
			const run = await makeRun({shards: [2], isShared: true});
			const {outcomes} = await exploreRun(run, {
				actors: {refused: worker(refusing), served: worker()},
				killable: ['refused', 'served'],
				check: (_, __, ends) => throwFailure(ends),
			});
			expect(outcomes).toEqual([FAILED, SUCCEEDED]);
		},
	);

	it('write outputs of the same bytes: every row names what is there (all interleavings)', {timeout: MINUTES}, async () => {
		const fetch = async (n: number, {put}: Context) => await put('made.txt', `made of ${n}`);
		const run = await makeRun({shards: [1], isShared: true});
		const {outcomes} = await exploreRun(run, {
			actors: {one: worker({fetch}), other: worker({fetch})},
			check: (_, __, ends) => throwFailure(ends),
		});
		expect(outcomes).toEqual(['item-0: succeeded']);
	});
});
