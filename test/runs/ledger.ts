import {createHash} from 'node:crypto';
import {resolveLimits} from '../../src/lanes/limits.ts';
import type {Outcome} from '../../src/lanes/outcome.ts';
import type {ManifestSource} from '../../src/manifest/plan-items.ts';
import {type NewRun, createRun} from '../../src/runs/create-run.ts';
import type {RunReport} from '../../src/runs/finish.ts';
import {planRun} from '../../src/runs/plan-run.ts';
import type {RunPorts} from '../../src/runs/ports.ts';
import {readyRun} from '../../src/runs/ready-run.ts';
import type {Row} from '../../src/runs/row.ts';
import type {RunIdentity, RunSpec, SessionOptions} from '../../src/runs/spec.ts';
import type {Work} from '../../src/runs/work-record.ts';
import {type WorkOptions, workRun} from '../../src/runs/work-run.ts';
import {type FakeClock, createFakeClock} from '../support/fake-clock.ts';
import {type LaneOptions, type Stages, laneSetup, makeFlow, sha256} from '../support/lane-setup.ts';
import {type MemoryObjects, type MemoryObjectsOptions, memoryObjects} from '../support/memory-objects.ts';

/** What every run of these tests is, unless a test says otherwise. */
export const identity: RunIdentity = {
	flow: 'test',
	options: {},
	sources: [{kind: 'file', name: 'list.jsonl', path: '/list.jsonl', sha256: sha256('list')}],
	out: 'memory:',
	skipInvalid: false,
	allowOrigins: [],
	maxBytes: 1000,
};

export type TestedRun = Omit<Partial<NewRun>, 'identity'> & {readonly identity?: Partial<RunIdentity>};

/** How a session of a test works; without stages every item succeeds with itself. */
export interface Working extends Pick<WorkOptions, 'stop' | 'signal' | 'drainMs' | 'isReplaying' | 'isolatedPool'> {
	readonly lanes?: Omit<LaneOptions, 'clock'>;
}

/** Runs that are kept in memory, with clocks that stand still. */
export interface Ledger {
	readonly ports: RunPorts;
	readonly state: MemoryObjects;
	readonly clock: FakeClock;
	/** The wall clock, to be set. */
	readonly wall: {ms: number};
	create(run?: TestedRun): Promise<RunSpec>;
	/** A run of these items, created and planned. */
	plan(items: readonly unknown[], run?: TestedRun): Promise<RunSpec>;
	/** Works on it as `work()` of the lanes does: until it ends or is stopped. */
	work(
		runId: string,
		stages?: Stages,
		working?: Working,
	): Promise<{readonly outcomes: readonly Outcome[]; readonly report: RunReport | undefined}>;
	/** Makes it ready to be worked on once more. */
	ready(runId: string, session?: SessionOptions): Promise<void>;
	/** Every row of the result files that the results manifest names, by its kind. */
	results(runId: string): {readonly SUCCEEDED: Row[]; readonly SKIPPED: Row[]; readonly FAILED: Row[]; readonly PENDING: Row[]};
	/** The keys below a prefix. */
	keys(prefix?: string): string[];
	/** What a key holds, as data. */
	json(key: string): unknown;
	/** Overwrites an object, as a hand would. */
	edit(key: string, change: (text: string) => string): Promise<void>;
}

export function openLedger(options: MemoryObjectsOptions = {}): Ledger {
	const state = memoryObjects(options);
	const clock = createFakeClock();
	const wall = {ms: Date.UTC(2026, 0, 1)};
	let tokens = 0;
	const ports: RunPorts = {
		state,
		clock,
		wallMs: () => wall.ms,
		sha256,
		openSha256,
		token: () => `token${tokens++}`,
	};

	const text = (key: string): string => {
		const found = state.objects.get(key);
		if (found === undefined) throw new Error(`there is no ${key} among ${[...state.objects.keys()].join(' ')}`);
		return found.text;
	};
	const ledger: Ledger = {
		ports,
		state,
		clock,
		wall,
		async create(run = {}) {
			const session = {};
			return (await createRun(ports, {session, maxWorkers: 1, ...run, identity: {...identity, ...run.identity}})).spec;
		},
		async plan(items, run) {
			const spec = await ledger.create(run);
			await planRun(ports, {spec, flow: makeFlow({}), sources: [sourceOf(items)]});
			return spec;
		},
		async work(runId, stages = {fetch: async (item: unknown) => item}, {lanes, ...working} = {}) {
			const run = workRun(ports, runId, {lanes: laneSetup(stages, {...lanes, clock}), ...working});
			const outcomes: Outcome[] = [];
			await clock.finish(
				(async () => {
					for await (const outcome of run) outcomes.push(outcome);
				})(),
			);
			return {outcomes, report: run.report};
		},
		async ready(runId, session) {
			await readyRun(ports, runId, {flow: makeFlow({}), session, open: () => sourceOf([])});
		},
		results(runId) {
			const {resultFiles} = ledger.json(`runs/${runId}/results/manifest.json`) as {readonly resultFiles: Record<string, {key: string}[]>};
			const rows = (status: string): Row[] =>
				(resultFiles[status] ?? []).flatMap(({key}) => linesOf(text(`runs/${runId}/${key}`)).map(line => JSON.parse(line) as Row));
			return {SUCCEEDED: rows('SUCCEEDED'), SKIPPED: rows('SKIPPED'), FAILED: rows('FAILED'), PENDING: rows('PENDING')};
		},
		keys: (prefix = '') => [...state.objects.keys()].filter(key => key.startsWith(prefix)).toSorted(),
		json: key => JSON.parse(text(key)),
		async edit(key, change) {
			const changed = change(text(key));
			await state.remove(key);
			await state.create(key, changed);
		},
	};
	return ledger;
}

export function openSha256() {
	const hash = createHash('sha256');
	return {update: (data: string | Uint8Array) => void hash.update(data), digest: () => hash.digest('hex')};
}

export const linesOf = (text: string): string[] => text.split('\n').filter(line => line !== '');

/** Items as a source that has been read already. */
export const sourceOf = (items: readonly unknown[]): ManifestSource => ({
	name: 'items',
	resolveFile: file => file,
	rows: (async function* () {
		yield items.map((value, index) => ({line: index + 1, value}));
	})(),
});

/** `count` items with ids of their own. */
export const itemsOf = (count: number): {id: string}[] => Array.from({length: count}, (_, n) => ({id: `item-${n}`}));

export const row = {
	succeeded: (n: number, others: Partial<Extract<Row, {status: 'succeeded'}>> = {}): Row => ({
		n,
		id: `item-${n}`,
		status: 'succeeded',
		result: n,
		outputs: [],
		attempts: 1,
		timings: {},
		...others,
	}),
	failed: (n: number, code = 'NO', message = 'no'): Row => ({
		n,
		id: `item-${n}`,
		status: 'failed',
		attempts: 1,
		timings: {},
		error: {code, stage: 'fetch', retryable: false, message},
	}),
	skipped: (n: number): Row => ({n, id: `item-${n}`, status: 'skipped', attempts: 1, timings: {}, reason: 'not wanted'}),
};

/** Every row of batches, in a list. */
export async function flat<T>(batches: AsyncIterable<readonly T[]>): Promise<T[]> {
	const all: T[] = [];
	for await (const batch of batches) all.push(...batch);
	return all;
}

/** What a worker measured, in the least words. */
export const workOf = (startedMs: number, endedMs: number, others: Partial<Work> = {}): Work => ({
	startedMs,
	endedMs,
	cpuSeconds: 0,
	bytesIn: 0,
	lanes: {io: {inFlight: 0, waiting: 0, limit: 0}},
	limits,
	verdict: {bound: 'balanced', evidence: [], advice: []},
	...others,
});

export const limits = resolveLimits({}, {memoryBytes: 1024 ** 3});
