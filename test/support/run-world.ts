import {createHash, hash} from 'node:crypto';
import type {Clock} from '../../src/lanes/ports.ts';
import {layout} from '../../src/runs/layout.ts';
import type {ObjectStore} from '../../src/runs/object-store.ts';
import type {RunPorts} from '../../src/runs/ports.ts';
import {createFakeClock} from './fake-clock.ts';
import {sha256} from './lane-setup.ts';
import {type MemoryObjects, type StoreStep, memoryObjects} from './memory-objects.ts';
import type {Actor} from './staged-actor.ts';

const WALL_MS = Date.UTC(2026, 10, 22);

/** A run in a store, and copies of that store as it is then. */
export interface MadeRun {
	readonly runId: string;
	/** A store with the run in it, and what was written to its results, its report and its seals since then. */
	readonly open: () => Promise<RunWorld>;
}

export interface RunWorld {
	readonly runId: string;
	readonly state: MemoryObjects;
	/** Every text that was stored under a key, in order, for keys that must never go back. */
	readonly history: ReadonlyMap<string, readonly string[]>;
	/** A word for what is stored under each key, another one after each write. */
	readonly versions: ReadonlyMap<string, string>;
}

/** Two worlds of one fingerprint have the same future. */
export const fingerprint = ({versions}: RunWorld): string => JSON.stringify([...versions].toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** A run as it stands, to be opened as often as a test likes. */
export function keepRun({objects, isShared}: MemoryObjects, runId: string): MadeRun {
	const kept = [...objects].map(([key, {body, metadata}]) => ({key, body, metadata}));
	return {
		runId,
		async open() {
			const history = new Map<string, string[]>();
			const versions = new Map<string, string>();
			const state = recording(memoryObjects({isShared}), {history, versions});
			for (const {key, body, metadata} of kept) await state.create(key, body, {metadata});
			return {runId, state, history, versions};
		},
	};
}

interface Records {
	readonly history: Map<string, string[]>;
	readonly versions: Map<string, string>;
}

/** Keeps what is written, key by key. */
function recording(store: MemoryObjects, {history, versions}: Records): MemoryObjects {
	function record(key: string): void {
		const object = store.objects.get(key);
		const texts = history.get(key) ?? [];
		if (object) history.set(key, [...texts, object.text]);
		versions.set(key, object === undefined ? 'removed' : `${texts.length} ${hash('sha1', object.text)} ${JSON.stringify(object.metadata)}`);
	}
	return {
		...store,
		async create(key, body, options) {
			const isCreated = await store.create(key, body, options);
			if (isCreated) record(key);
			return isCreated;
		},
		async replace(key, body, options) {
			const isReplaced = await store.replace(key, body, options);
			if (isReplaced) record(key);
			return isReplaced;
		},
		async write(key, chunks) {
			await store.write(key, chunks);
			record(key);
		},
		async put(key, body, options) {
			const stored = await store.put(key, body, options);
			record(key);
			return stored;
		},
		async remove(key) {
			await store.remove(key);
			record(key);
		},
	};
}

/** The ports of one actor, which draws tokens of its own. */
export function portsOn(state: ObjectStore, {name, clock}: {readonly name: string; readonly clock: Clock}): RunPorts {
	let tokens = 0;
	return {
		state,
		clock,
		wallMs: () => WALL_MS,
		sha256,
		openSha256() {
			const hash = createHash('sha256');
			return {update: data => void hash.update(data), digest: () => hash.digest('hex')};
		},
		token: () => `${name}${tokens++}`,
	};
}

/** The ports of somebody whom no schedule holds. */
export const plainPorts = (state: ObjectStore): RunPorts => portsOn(state, {name: 'plain', clock: createFakeClock()});

/** How a schedule sees an operation: as a step, or, `undefined`, as part of the step before. */
export type ToStep = (step: StoreStep) => StoreStep | undefined;

/** The store as one actor of a schedule sees it. */
export function storeOf(
	{state, versions}: Pick<RunWorld, 'state' | 'versions'>,
	{take: takeStep, learn}: Pick<Actor, 'take' | 'learn'>,
	toStep: ToStep = step => step,
): ObjectStore {
	const take: Actor['take'] = (operation, act, see) => {
		const step = toStep(operation);
		return step ? takeStep(step, act, see) : learn(operation, act, see);
	};
	const versionOf = (key: string): string => versions.get(key) ?? '';
	return {
		uri: state.uri,
		isShared: state.isShared,
		put: (key, body, options) => take({op: 'put', key}, () => state.put(key, body, options), String),
		create: (key, body, options) => take({op: 'create', key}, () => state.create(key, body, options), String),
		replace: (key, body, options) => take({op: 'replace', key}, () => state.replace(key, body, options), String),
		async write(key, chunks) {
			const parts: (Uint8Array | string)[] = [];
			for await (const chunk of chunks) parts.push(chunk);
			await take({op: 'write', key}, () => state.write(key, eachOf(parts)), String);
		},
		get: key =>
			take(
				{op: 'get', key},
				() => state.get(key),
				() => versionOf(key),
			),
		head: key =>
			take(
				{op: 'head', key},
				() => state.head(key),
				() => versionOf(key),
			),
		async *read(key, range) {
			yield* await take(
				{op: 'read', key},
				() => state.read(key, range),
				() => versionOf(key),
			);
		},
		async *list(prefix, options) {
			yield* await take(
				{op: 'list', key: prefix},
				() => gather(state.list(prefix, options)),
				entries => JSON.stringify(entries),
			);
		},
		remove: key => take({op: 'remove', key}, () => state.remove(key), String),
	};
}

async function* eachOf<T>(values: readonly T[]): AsyncGenerator<T> {
	yield* values;
}

async function gather<T>(values: AsyncIterable<T>): Promise<T[]> {
	const all: T[] = [];
	for await (const value of values) all.push(value);
	return all;
}

/** The ports of an actor whose every operation is a step. */
export const actorPorts = (world: RunWorld, actor: Actor): RunPorts => portsOn(storeOf(world, actor), actor);

/** The ports of an actor for whom writing results and report is one step, as it is not for the finishers; what never changes is none. */
export const ledgerPorts = (world: RunWorld, actor: Actor): RunPorts => portsOn(storeOf(world, actor, ledgerSteps(world)), actor);

function ledgerSteps({runId}: RunWorld): ToStep {
	const results = layout.results(runId);
	const report = layout.report(runId);
	let isFinishing = false;
	return ({op, key}) => {
		if (op === 'get' && key === results) {
			isFinishing = true;
			return {op: 'write', key};
		}
		if (op === 'get' && key === report && !isFinishing) return {op, key: results};
		if (key === report) isFinishing = false;
		const isPart = key === results || key === report || key === layout.active(runId);
		const isFixed = key === layout.spec(runId) || /\/items-\w+\.jsonl$/u.test(key);
		return isPart || isFixed ? undefined : {op, key};
	};
}
