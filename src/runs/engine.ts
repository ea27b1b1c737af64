import type {CompletionReason, EndedCounts} from '../lanes/snapshot.ts';
import type {Shard} from './plan.ts';

export const engineNames = ['in-process', 'lambda', 'distributed-map'] as const;
export type EngineName = (typeof engineNames)[number];

/** What a worker is told: references, never items. It stops by its own time limit. */
export interface WorkerCall {
	readonly runId: string;
	readonly generation: number;
	/** Its line of the plan. */
	readonly shard: Shard;
	/** The orchestrator's life that this dispatch belongs to: deaths of other lives are not held against the shard. */
	readonly life: string;
	/** How long whoever asks will wait; default: as long as the platform lets the worker run. */
	readonly budgetMs?: number | undefined;
}

export interface WorkerAnswer {
	readonly runId: string;
	readonly generation: number;
	readonly shard: number;
	readonly isSealed: boolean;
	/** Items of the sealed shard by how they ended; of an open one, zeros. */
	readonly counts: EndedCounts;
	/** Items of the shard that have ended so far: two answers with the same number say that a worker got nowhere. */
	readonly ended: number;
	/** What kept the worker from working and is no fault of the shard: the store, most often. */
	readonly trouble?: string | undefined;
	/** Why the run takes no more items; `undefined` also where the worker's own time was up. */
	readonly stopped?: CompletionReason | undefined;
}

/** How one dispatch ended, as data. */
export type Dispatched =
	| {readonly kind: 'answered'; readonly answer: WorkerAnswer}
	/** No worker was free. */
	| {readonly kind: 'throttled'; readonly message: string}
	/** The platform ended the worker: a crash, its memory, its time limit. */
	| {readonly kind: 'lost'; readonly message: string};

/** Worker Lambdas, invoked one for each shard by whoever orchestrates the run. */
export interface LambdaEngine {
	readonly name: 'lambda';
	/** At once, at most; default: the run's `maxWorkers`. */
	readonly maxWorkers?: number | undefined;
	/** @throws TwolaneError for what no second try will cure: no such function, no permission. */
	invoke(call: WorkerCall, options: {readonly signal: AbortSignal}): Promise<Dispatched>;
}

/** One execution of the state machine. */
export interface MapExecution {
	/** Unique: the same name starts nothing twice. At most 80 characters. */
	readonly name: string;
	readonly runId: string;
	readonly generation: number;
	readonly life: string;
	/** Where the plan lies, as the platform's own reader wants it. */
	readonly plan: {readonly bucket: string; readonly key: string};
	readonly maxWorkers: number;
}

export type ExecutionState = 'none' | 'running' | 'ended';

/** A state machine that hands the shards to worker Lambdas, and starts the orchestrator when all have ended. */
export interface DistributedMapEngine {
	readonly name: 'distributed-map';
	/** Starting one that is there already changes nothing. */
	start(execution: MapExecution): Promise<void>;
	look(execution: Pick<MapExecution, 'name'>): Promise<ExecutionState>;
}
