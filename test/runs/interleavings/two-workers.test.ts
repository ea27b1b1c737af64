import {expect, it} from 'vitest';
import {TwolaneError} from '../../../src/lanes/errors.ts';
import {checkRun} from '../../support/check-run.ts';
import {interleave} from '../../support/interleave.ts';
import {actorPorts, fingerprint, makeRun, plainPorts, work} from '../../support/run-setup.ts';

it('two workers', async () => {
	const run = await makeRun({shards: [1], isShared: true});
	const t=Date.now();
	const explored = await interleave({
		open: run.open, fingerprint,
		actors: {
			a: (world, actor) => work(actorPorts(world, actor), world.runId, {fetch: async () => { throw new TwolaneError('FETCH_FAILED', 'no'); }}),
			b: (world, actor) => work(actorPorts(world, actor), world.runId),
		},
		async check(world) {
			await work(plainPorts(world.state), world.runId);
			checkRun(world);
		},
	});
	console.log(explored, Date.now()-t);
});
