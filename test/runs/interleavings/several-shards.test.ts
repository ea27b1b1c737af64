import {expect, it} from 'vitest';
import {sampleRun, throwFailure} from '../../support/explore-run.ts';
import type {Actor} from '../../support/staged-actor.ts';
import {failing, makeRun, work} from '../../support/run-setup.ts';
import {type RunWorld, ledgerPorts} from '../../support/run-world.ts';

const MINUTES = 180_000;

/** Its items take so long that each is in a part before the next one has ended. */
const worker =
	(fetch: (n: number) => Promise<number>) =>
	(world: RunWorld, actor: Actor): Promise<unknown> =>
		work(ledgerPorts(world, actor), world.runId, {
			fetch: async (n: number) => {
				await actor.clock.sleep(15_100);
				return await fetch(n);
			},
		});

it('two workers succeed and fail in turns on several shards: every item ends once (500 interleavings)', {timeout: MINUTES}, async () => {
	const run = await makeRun({shards: [2, 1, 2], isShared: true});
	const actors = {
		odd: worker(failing({1: 'FETCH_FAILED', 3: 'FETCH_FAILED'})),
		even: worker(failing({0: 'HTTP_STATUS', 2: 'HTTP_STATUS', 4: 'HTTP_STATUS'})),
	};
	const outcomes = await sampleRun(run, {actors, isFinished: true, check: (_, __, ends) => throwFailure(ends)}, {schedules: 500});
	expect(outcomes.length).toBeGreaterThan(10);
});
