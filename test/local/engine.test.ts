import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import {type Run, TwolaneError, defineFlow, run, sourceItem} from '../../src/index.ts';
import {readFlow} from '../../src/lanes/flow.ts';
import {setUpLanes} from '../../src/library.ts';
import type {LambdaEngine, WorkerCall} from '../../src/runs/engine.ts';
import {prefixed} from '../../src/runs/prefixed.ts';
import {workShard} from '../../src/runs/work-shard.ts';
import {openPorts} from '../../src/wire.ts';
import {memoryObjects} from '../support/memory-objects.ts';

const here: string[] = [];
const shout = defineFlow({
	name: 'shout',
	item: z.object({id: z.string()}),
	async fetch({id}, {put}) {
		here.push(id);
		if (id === 'bad') throw new TwolaneError('NO_VOICE', 'this one is silent');
		await put('text.txt', id);
		return id.toUpperCase();
	},
});
const items = [{id: 'a'}, {id: 'bad'}, {id: 'c'}];

/** A worker function over the same bucket. */
function openWorkers(out = memoryObjects({isShared: true, uri: 's3://bucket/out'})) {
	const calls: WorkerCall[] = [];
	const engine: LambdaEngine & {readonly name: 'lambda'} = {
		name: 'lambda',
		maxWorkers: 3,
		async invoke(call) {
			calls.push(call);
			const ports = openPorts(prefixed(out, '.twolane/'));
			const openLanes = async () => setUpLanes(readFlow(shout), {out, attempts: 1, readers: []});
			return {kind: 'answered', answer: await workShard(ports, call, {openLanes, remainingMs: 60_000})};
		},
	};
	return {out, calls, engine};
}

const collect = async <Item, Result>(running: Run<Item, Result>) => await Array.fromAsync(running);

describe('run with an engine', () => {
	it('hands the items to workers, and yields what they made of every one', async () => {
		const {out, calls, engine} = openWorkers();
		const running = run(shout, items, {out, engine, attempts: 1});
		const outcomes = await collect(running);
		expect(outcomes).toMatchObject([
			{n: 0, item: {id: 'a'}, status: 'succeeded', result: 'A', outputs: [{name: 'text'}]},
			{n: 1, item: {id: 'bad'}, status: 'failed', error: {code: 'NO_VOICE'}},
			{n: 2, item: {id: 'c'}, status: 'succeeded', result: 'C'},
		]);
		const {runId, completionReason} = await running.report();
		expect(completionReason).toBe('ALL_COMPLETED');
		expect(calls).toMatchObject([{runId, generation: 0, shard: {count: 3}}]);
		const spec = JSON.parse(out.objects.get(`.twolane/runs/${runId}/run.json`)?.text ?? '') as unknown;
		expect(spec).toMatchObject({engine: 'lambda', maxWorkers: 3, out: 's3://bucket/out'});
		// Nobody holds the run any more, and the list that was kept for its planning is gone.
		expect([...out.objects.keys()].filter(key => /lease|active|spool/u.test(key))).toEqual([]);
	});

	it('yields the same again without a worker, and redrives with one', async () => {
		const {out, calls, engine} = openWorkers();
		const first = await collect(run(shout, items, {out, engine}));
		expect(await collect(run(shout, items, {out, engine}))).toEqual(first);
		expect(calls).toHaveLength(1);
		await collect(run(shout, items, {out, engine, redrive: true}));
		expect(calls).toMatchObject([{generation: 0}, {generation: 1, shard: {count: 1}}]);
	});

	it('with its report alone reads no outcome back', async () => {
		const {out, engine} = openWorkers();
		expect(await run(shout, items, {out, engine}).report()).toMatchObject({itemCounts: {succeeded: 2, failed: 1}});
	});

	it('fails items that are files of this machine', async () => {
		const {out, engine} = openWorkers();
		const bytes = defineFlow({name: 'shout', item: sourceItem, fetch: async (item, {read}) => (await read(item)).length});
		const [outcome] = await collect(run(bytes, [{file: '/etc/hostname'}], {out, engine}));
		expect(outcome).toMatchObject({status: 'failed', error: {code: 'FILE_DENIED'}});
	});

	it('in-process is what happens without one', async () => {
		const {out, calls} = openWorkers();
		here.length = 0;
		await collect(run(shout, items, {out, engine: {name: 'in-process'}}));
		expect({calls, here}).toEqual({calls: [], here: expect.arrayContaining(['a', 'c'])});
	});

	it('refuses at the call what cannot work', () => {
		const {out, engine} = openWorkers();
		expect(() => run(shout, items, {out: 'folder', engine})).toThrow(
			/the engine 'lambda' reads the run's records from S3, and out is file:/u,
		);
		for (const name of ['lambda', 'distributed-map'] as const) {
			expect(() => run(shout, items, {out, engine: {name}})).toThrow(/engine must be one of twolane\/aws/u);
		}
	});
});
