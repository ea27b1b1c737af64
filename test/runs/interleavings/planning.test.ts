import {describe, expect, it} from 'vitest';
import {TwolaneError} from '../../../src/lanes/errors.ts';
import type {ManifestSource} from '../../../src/manifest/plan-items.ts';
import {type CreatedRun, createRun} from '../../../src/runs/create-run.ts';
import {layout} from '../../../src/runs/layout.ts';
import {listRuns} from '../../../src/runs/list-runs.ts';
import type {ObjectStore} from '../../../src/runs/object-store.ts';
import {planRun} from '../../../src/runs/plan-run.ts';
import type {RunPorts} from '../../../src/runs/ports.ts';
import {readyRun} from '../../../src/runs/ready-run.ts';
import {type PinnedSource, contentOf, readSpec} from '../../../src/runs/spec.ts';
import {checkRun} from '../../support/check-run.ts';
import {exploreRun, throwFailure} from '../../support/explore-run.ts';
import {interleave} from '../../support/interleave.ts';
import type {Actor, ActorEnd} from '../../support/staged-actor.ts';
import {makeFlow, sha256} from '../../support/lane-setup.ts';
import {memoryObjects} from '../../support/memory-objects.ts';
import {testIdentity, work} from '../../support/run-setup.ts';
import {type RunWorld, actorPorts, fingerprint, keepRun, plainPorts} from '../../support/run-world.ts';

const MINUTES = 180_000;
const flow = makeFlow({fetch: async () => {}});
const SOURCE = 'list.jsonl';
const texts = {pinned: ['{"id":"item-0"}', '{"id":"item-1"}'], changed: ['{"id":"other-0"}', '{"id":"other-1"}', '{"id":"other-2"}']};
const pinned: PinnedSource = {kind: 'file', name: SOURCE, path: `/${SOURCE}`, sha256: sha256(texts.pinned.join('\n'))};

/** Reads the source in two halves, and finds out at the end that it is not what it was. */
function openSource(store: ObjectStore): ManifestSource {
	const read = async (): Promise<readonly string[]> =>
		Buffer.from((await store.get(SOURCE))?.body ?? '')
			.toString()
			.split('\n');
	async function* rows() {
		const seen: string[] = [];
		for (const [from, to] of [
			[0, 1],
			[1, Infinity],
		] as const) {
			const lines = (await read()).slice(from, to);
			seen.push(...lines);
			yield lines.map((line, index) => ({line: from + index + 1, value: JSON.parse(line) as unknown}));
		}
		if (sha256(seen.join('\n')) !== contentOf(pinned)) throw new TwolaneError('MANIFEST_CHANGED', `${SOURCE} has changed`);
	}
	return {name: SOURCE, rows: rows(), resolveFile: file => file};
}

const ready = (ports: RunPorts, runId: string) => readyRun(ports, runId, {flow, open: () => openSource(ports.state)});

/** A run that is created and not planned, with its source beside it. */
async function unplannedRun() {
	const state = memoryObjects({isShared: true});
	const {spec} = await createRun(plainPorts(state), {identity: {...testIdentity, sources: [pinned]}, session: {}, maxWorkers: 1});
	await state.create(SOURCE, texts.pinned.join('\n'));
	return keepRun(state, spec.runId);
}

const itemsFiles = ({state, runId}: RunWorld): readonly string[] =>
	[...state.objects.keys()].filter(key => key.startsWith(`${layout.run(runId)}0/items-`));
const errorCode = (end: ActorEnd | undefined): unknown => (end?.is === 'failed' ? (end.error as {code?: unknown}).code : undefined);

describe('a plan', () => {
	it('that two make at once, one of them is killed: there is one, with its items (all interleavings)', {timeout: MINUTES}, async () => {
		const planner = async (world: RunWorld, actor: Actor) => {
			const ports = actorPorts(world, actor);
			return await planRun(ports, {spec: await readSpec(ports, world.runId), flow, sources: [openSource(ports.state)]});
		};
		const {outcomes} = await exploreRun(await unplannedRun(), {
			actors: {one: planner, other: planner},
			killable: ['one', 'other'],
			async after({state, runId}) {
				await ready(plainPorts(state), runId);
				await work(plainPorts(state), runId);
			},
			check(_, world, ends) {
				throwFailure(ends);
				const plans = Object.values(ends).flatMap(end => (end.is === 'done' ? JSON.stringify(end.value) : []));
				expect(new Set(plans).size, 'plans that planners were given').toBe(1);
				if (plans.length === 2) expect(itemsFiles(world).length, 'items files that are left').toBe(1);
			},
		});
		expect(outcomes).toEqual(['item-0: succeeded, item-1: succeeded']);
	});

	it(
		'whose source changes before, while or after it is made: it has the items that were pinned, or there is none (all interleavings)',
		{timeout: MINUTES},
		async () => {
			const ways = new Set<string>();
			await interleave({
				open: (await unplannedRun()).open,
				fingerprint,
				actors: {
					async worker(world, actor) {
						const ports = actorPorts(world, actor);
						await ready(ports, world.runId);
						await work(ports, world.runId);
					},
					changer: (world, actor) => actorPorts(world, actor).state.write(SOURCE, inOneChunk(texts.changed.join('\n'))),
				},
				killable: ['worker'],
				async check(world, ends) {
					const {state, runId} = world;
					const isPlanned = state.objects.has(layout.plan({runId, generation: 0}));
					ways.add(`${ends['worker']?.is} ${isPlanned ? 'planned' : 'not planned'}`);
					if (errorCode(ends['worker']) !== 'MANIFEST_CHANGED') throwFailure(ends);
					if (!isPlanned) {
						if (ends['worker']?.is === 'failed') expect(itemsFiles(world)).toEqual([]);
						await expect(ready(plainPorts(state), runId)).rejects.toMatchObject({code: 'MANIFEST_CHANGED'});
						expect(state.objects.has(layout.plan({runId, generation: 0}))).toBe(false);
						return;
					}
					await ready(plainPorts(state), runId);
					await work(plainPorts(state), runId);
					expect((await checkRun(world)).outcomes).toEqual(['item-0: succeeded', 'item-1: succeeded']);
				},
			});
			expect([...ways].sort()).toEqual(['done planned', 'failed not planned', 'killed not planned', 'killed planned']);
		},
	);
});

async function* inOneChunk(text: string): AsyncGenerator<string> {
	yield text;
}

describe('a run that two create at once', () => {
	it('is one run, new to one of them, also when one is killed (all interleavings)', {timeout: MINUTES}, async () => {
		const create = (ports: RunPorts): Promise<CreatedRun> => createRun(ports, {identity: testIdentity, session: {}});
		await interleave({
			open: keepRun(memoryObjects({isShared: true}), 'none').open,
			fingerprint,
			actors: {
				one: (world, actor) => create(actorPorts(world, actor)),
				other: (world, actor) => create(actorPorts(world, actor)),
			},
			killable: ['one', 'other'],
			async check({state}, ends) {
				throwFailure(ends);
				const created = Object.values(ends).flatMap(end => (end.is === 'done' ? [end.value as CreatedRun] : []));
				if (created.length === 2) expect(created.filter(({isNew}) => isNew).length).toBe(1);
				const {spec} = await create(plainPorts(state));
				expect(created.map(run => run.spec)).toEqual(created.map(() => spec));
				expect((await listRuns(plainPorts(state))).runs.map(({id}) => id)).toEqual([spec.runId]);
				expect(state.objects.has(layout.active(spec.runId))).toBe(true);
			},
		});
	});
});
