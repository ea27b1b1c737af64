import {expect, it} from 'vitest';
import {TwolaneError} from '../../../src/lanes/errors.ts';
import {checkRun, checkWay} from '../../support/check-run.ts';
import {interleave} from '../../support/interleave.ts';
import {type RunWorld, type Worker, actorPorts, fingerprint, finishAtOnce, makeRun, plainPorts, work} from '../../support/run-setup.ts';
import type {Actor} from '../../support/interleave.ts';

const refused: Worker = {
	fetch: async () => {
		throw new TwolaneError('FETCH_FAILED', 'the origin is away');
	},
};

const worker = (options: Worker) => (world: RunWorld, actor: Actor) => work(actorPorts(world, actor, finishAtOnce), world.runId, options);

/** Both work on the whole run; then somebody looks after it whom nobody disturbs. */
async function explore(shards: readonly number[], actors: Readonly<Record<string, Worker>>, killable: readonly string[] = []) {
	const run = await makeRun({shards, isShared: true});
	const seen = new Set<string>();
	const c0=process.cpuUsage();
	const explored = await interleave({
		open: run.open,
		fingerprint,
		actors: Object.fromEntries(Object.entries(actors).map(([name, options]) => [name, worker(options)])),
		killable,
		checkWay,
		async check(world, ends) {
			for (const end of Object.values(ends)) if (end.is === 'failed') throw end.error;
			await work(plainPorts(world.state), world.runId);
			seen.add((await checkRun(world)).outcomes.join(', '));
		},
	});
	const c=process.cpuUsage(c0); console.log(explored,(c.user+c.system)/1e6, [...seen]);
	return {...explored, seen};
}

it('one fails where the other succeeds', async () => {
	await explore([1], {refused, served: {}});
});
it('one fails where the other succeeds, one of them is killed', async () => {
	await explore([1], {refused, served: {}}, ['refused', 'served']);
});
it('two items', async () => {
	await explore([2], {refused, served: {}});
});
it('two shards', async () => {
	await explore([1,1], {refused, served: {}});
});
it('one is stopped', async () => {
	const stop = (): Worker => { const controller = new AbortController(); return {stop: controller.signal, fetch: async n => { controller.abort('INTERRUPTED'); return n; }}; };
	await explore([2], {stopped: {get stop() { return AbortSignal.abort('PAUSED'); }}, served: {}});
});
