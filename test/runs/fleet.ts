import type {Stages} from '../support/lane-setup.ts';
import {type LaneOptions, laneSetup, makeFlow} from '../support/lane-setup.ts';
import type {StoreStep} from '../support/memory-objects.ts';
import type {DistributedMapEngine, LambdaEngine, MapExecution, WorkerCall} from '../../src/runs/engine.ts';
import type {ObjectStore} from '../../src/runs/object-store.ts';
import {orchestrateRun} from '../../src/runs/orchestrate.ts';
import type {OrchestrateOptions, Orchestrated} from '../../src/runs/orchestration.ts';
import {workShard} from '../../src/runs/work-shard.ts';
import type {Ledger} from './ledger.ts';

export interface FleetOptions {
	/** What each item takes; default: it succeeds at once. */
	readonly stages?: Stages;
	readonly lanes?: Omit<LaneOptions, 'clock'>;
	/** Time limit of a worker. */
	readonly limitMs?: number;
	/** More workers at once are refused. */
	readonly concurrency?: number;
	/** Which dispatch of a shard, counted from 1, is killed, and after how long. */
	readonly kill?: (shard: number, dispatch: number) => number | undefined;
	/** The store as a worker of a shard sees it. */
	readonly storeOf?: (state: ObjectStore, shard: number, dispatch: number) => ObjectStore;
}

/** Worker functions in one process, on the ledger's own clock: each with a store of its own that dies with it. */
export interface Fleet {
	readonly engine: LambdaEngine;
	readonly calls: readonly WorkerCall[];
	readonly throttled: number;
	readonly most: number;
	orchestrate(runId: string, options?: Partial<OrchestrateOptions>): Promise<Orchestrated>;
}

export function openFleet(
	ledger: Ledger,
	{stages, lanes, limitMs = 900_000, concurrency = Infinity, kill, storeOf = state => state}: FleetOptions = {},
): Fleet {
	const {ports, clock} = ledger;
	const calls: WorkerCall[] = [];
	const dispatches = new Map<number, number>();
	const seen = {throttled: 0, running: 0, most: 0};
	const all: Stages = stages ?? {fetch: async (item: unknown) => item};
	const openLanes = async () => laneSetup(all, {attempts: 1, limits: {ioConcurrency: 1}, ...lanes, clock});

	const engine: LambdaEngine = {
		name: 'lambda',
		async invoke(call) {
			if (seen.running >= concurrency) {
				seen.throttled++;
				return {kind: 'throttled', message: 'Rate Exceeded.'};
			}
			calls.push(call);
			seen.most = Math.max(seen.most, ++seen.running);
			const {shard} = call.shard;
			const dispatch = (dispatches.get(shard) ?? 0) + 1;
			dispatches.set(shard, dispatch);
			const afterMs = kill?.(shard, dispatch);
			const life = {isDead: afterMs === 0};
			const died = Promise.withResolvers<never>();
			const cancel =
				afterMs === undefined
					? undefined
					: clock.after(afterMs, () => {
							life.isDead = true;
							died.reject(new Error('killed'));
						});
			try {
				const work = workShard({...ports, state: storeOf(mortal(ports.state, life), shard, dispatch)}, call, {
					openLanes,
					remainingMs: limitMs,
				});
				work.catch(() => {});
				return {kind: 'answered', answer: await (afterMs === undefined ? work : Promise.race([work, died.promise]))};
			} catch (error) {
				// As Lambda has it: whatever the handler throws is the function's error.
				return {kind: 'lost', message: life.isDead ? 'Runtime exited with error: signal: killed' : String(error)};
			} finally {
				cancel?.();
				seen.running--;
			}
		},
	};
	return {
		engine,
		calls,
		get throttled() {
			return seen.throttled;
		},
		get most() {
			return seen.most;
		},
		orchestrate: (runId, options) =>
			clock.finish(
				orchestrateRun(ports, runId, {
					openFlow: async () => makeFlow(all),
					openSource: () => () => {
						throw new Error('the run is planned');
					},
					openLanes,
					engines: {lambda: engine},
					estimatedItemMs: () => 50,
					threads: 1,
					random: () => 0.5,
					...options,
				}),
			),
	};
}

/** The store as a process sees it that may be killed: then nothing it asks for happens. */
export function mortal(state: ObjectStore, life: {readonly isDead: boolean}): ObjectStore {
	const check = (): void => {
		if (life.isDead) throw new Error('killed');
	};
	async function whenAlive<T>(call: () => Promise<T>): Promise<T> {
		check();
		return await call();
	}
	return {
		...state,
		put: (key, body, options) => whenAlive(() => state.put(key, body, options)),
		create: (key, body, options) => whenAlive(() => state.create(key, body, options)),
		replace: (key, body, options) => whenAlive(() => state.replace(key, body, options)),
		write: (key, chunks) => whenAlive(() => state.write(key, chunks)),
		get: key => whenAlive(() => state.get(key)),
		head: key => whenAlive(() => state.head(key)),
		remove: key => whenAlive(() => state.remove(key)),
		async *read(key, range) {
			check();
			yield* state.read(key, range);
		},
		async *list(prefix, options) {
			check();
			yield* state.list(prefix, options);
		},
	};
}

/** Counts requests as S3 would: a listing is one for each thousand keys, and these tests have fewer. */
export function countRequests(): {readonly before: (step: StoreStep) => void; readonly total: number} {
	let total = 0;
	return {
		before: () => void total++,
		get total() {
			return total;
		},
	};
}

/** A state machine that a test moves by hand. */
export function openStateMachine() {
	const started: MapExecution[] = [];
	const ended = new Set<string>();
	const engine: DistributedMapEngine = {
		name: 'distributed-map',
		async start(execution) {
			if (!started.some(({name}) => name === execution.name)) started.push(execution);
		},
		async look({name}) {
			if (ended.has(name)) return 'ended';
			return started.some(execution => execution.name === name) ? 'running' : 'none';
		},
	};
	return {engine, started, end: (name: string) => void ended.add(name)};
}
