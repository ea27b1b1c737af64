import {createHash} from 'node:crypto';
import {vi} from 'vitest';
import {type Code, TwolaneError} from '../../src/lanes/errors.ts';
import {createRun} from '../../src/runs/create-run.ts';
import type {RunReport} from '../../src/runs/finish.ts';
import {layout} from '../../src/runs/layout.ts';
import type {ObjectStore} from '../../src/runs/object-store.ts';
import type {RunPorts} from '../../src/runs/ports.ts';
import {readyRun} from '../../src/runs/ready-run.ts';
import type {RunIdentity, SessionOptions} from '../../src/runs/spec.ts';
import {type WorkOptions, type WorkingRun, workRun} from '../../src/runs/work-run.ts';
import {type LaneOptions, type Stages, laneSetup, makeFlow} from './lane-setup.ts';
import {memoryObjects} from './memory-objects.ts';
import {type MadeRun, keepRun, plainPorts} from './run-world.ts';

/** What every run of these tests is a run of. */
export const testIdentity: RunIdentity = {
	flow: 'test',
	options: {},
	sources: [],
	out: 'memory:',
	skipInvalid: false,
	allowOrigins: [],
	maxBytes: 1024,
};

export interface RunToMake {
	/** Items of each shard. Their ids are `item-0`, `item-1`, ...; item `n` is the number `n`. */
	readonly shards: readonly number[];
	/** Whether several machines may write at once. */
	readonly isShared: boolean;
	readonly session?: SessionOptions;
}

/** Makes a run of numbers, planned by hand into shards of any size. */
export async function makeRun({shards, isShared, session = {}}: RunToMake): Promise<MadeRun> {
	const state = memoryObjects({isShared});
	const {spec} = await createRun(plainPorts(state), {identity: testIdentity, session, maxWorkers: 1});
	await plan(state, spec.runId, shards);
	return keepRun(state, spec.runId);
}

async function plan(state: ObjectStore, runId: string, shards: readonly number[]): Promise<void> {
	const place = {runId, generation: 0};
	const key = layout.items(place, 'made');
	let n = 0;
	let text = '';
	const lines = shards.map((count, shard) => {
		const start = text.length;
		for (let left = count; left > 0; left--, n++) text += `${JSON.stringify({n, id: `item-${n}`, item: n})}\n`;
		return JSON.stringify({shard, items: key.slice(layout.run(runId).length), start, end: text.length, count, repeats: 0});
	});
	await state.create(key, text);
	await state.create(layout.plan(place), `[${lines.join(',')}]`);
}

export interface Worker extends Stages, Omit<WorkOptions, 'lanes'> {
	readonly lanes?: Omit<LaneOptions, 'clock'>;
}

/** A worker on a planned run. One item at a time, so that its steps come in one order; one try, so that a failure is one. */
function startWork(
	ports: RunPorts,
	runId: string,
	{fetch = async (item: number) => item, store, lanes, ...options}: Worker = {},
): WorkingRun {
	const setup = laneSetup({fetch, ...(store && {store})}, {attempts: 1, limits: {ioConcurrency: 1}, store: ports.state, ...lanes});
	return workRun(ports, runId, {...options, lanes: {...setup, clock: ports.clock}});
}

/** Works until the run has ended or something stops it. */
export const work = (ports: RunPorts, runId: string, worker?: Worker): Promise<RunReport> => startWork(ports, runId, worker).work();

/** Makes the run ready, as every command does first, and works on it. */
export async function readyAndWork(
	ports: RunPorts,
	runId: string,
	{session, ...worker}: Worker & {readonly session?: SessionOptions} = {},
): Promise<RunReport> {
	const flow = makeFlow({fetch: async () => {}});
	await readyRun(ports, runId, {flow, session, open: () => ({name: 'none', rows: none(), resolveFile: file => file})});
	return await work(ports, runId, worker);
}

/** A run on which a worker has worked, as it stands then. */
export async function workedRun(run: MadeRun, worker?: Worker): Promise<MadeRun> {
	const {state, runId} = await run.open();
	await work(plainPorts(state), runId, worker);
	return keepRun(state, runId);
}

/** Fails the items of these numbers with these codes. */
export const failing =
	(codes: Readonly<Record<number, Code>>) =>
	async (item: number): Promise<number> => {
		const code = codes[item];
		if (code) throw new TwolaneError(code, `item ${item} is to fail`);
		return item;
	};

/** Web crypto answers from another thread, at a time of its own: here it answers at once. */
export function hashAtOnce(): void {
	vi.spyOn(crypto.subtle, 'digest').mockImplementation(async (_, data) => {
		const digest = createHash('sha256')
			.update(data as Uint8Array)
			.digest();
		return new Uint8Array(digest).buffer;
	});
}

/** What the run's state forbids: an answer, and no failure. */
export const isRefusal = (error: unknown): boolean => error instanceof TwolaneError && error.code === 'RUN_REFUSED';

async function* none(): AsyncGenerator<never> {}
