import type {FlowDefinition} from '../lanes/flow.ts';
import type {LanesSetup} from '../lanes/lanes.ts';
import type {CpuPool} from '../lanes/ports.ts';
import type {ManifestSource} from '../manifest/plan-items.ts';
import type {Deadline} from './deadline.ts';
import type {DistributedMapEngine, LambdaEngine} from './engine.ts';
import type {RunReport} from './finish.ts';
import type {Lease} from './lease.ts';
import type {PinnedSource, RunSpec, SessionOptions} from './spec.ts';

export interface OrchestrateOptions {
	readonly openFlow: (spec: RunSpec) => Promise<FlowDefinition>;
	/** Opens what the items are made of; asked for only before there is a plan. */
	readonly openSource: (spec: RunSpec) => (source: PinnedSource) => ManifestSource;
	/** The lanes for a run; what its session says is in force. */
	readonly openLanes: (spec: RunSpec, session: SessionOptions) => Promise<LanesSetup>;
	readonly isolatedPool?: (() => CpuPool) | undefined;
	/** What there is besides this process. */
	readonly engines: {readonly lambda?: LambdaEngine | undefined; readonly 'distributed-map'?: DistributedMapEngine | undefined};
	/** CPU time of one item of a flow, about, in milliseconds. */
	readonly estimatedItemMs: (flow: string) => number;
	/** Of one worker. */
	readonly threads: number;
	/** Until this process must have answered, in milliseconds; default: it has all the time. */
	readonly remainingMs?: number | undefined;
	/** The execution that has just come to its end, and starts us with its last step. */
	readonly through?: string | undefined;
	readonly random: () => number;
	readonly signal?: AbortSignal | undefined;
}

/** How a run stands after one orchestrator's life. */
export type Orchestrated =
	/** Every shard is sealed. */
	| {readonly state: 'ended'; readonly report: RunReport}
	/** It was paused or cancelled, has exceeded its tolerance, or its list cannot be used. */
	| {readonly state: 'stopped'; readonly reason: string}
	/** Our time is up: the next orchestrator goes on. */
	| {readonly state: 'open'}
	/** A state machine works on it, and starts an orchestrator when it is through. */
	| {readonly state: 'handed-over'; readonly execution: string}
	/** Somebody else works on it. */
	| {readonly state: 'busy'};

/** One orchestrator, from its lease to its answer. */
export interface Life extends Omit<OrchestrateOptions, 'remainingMs'> {
	readonly life: string;
	readonly lease: Lease;
	readonly deadline: Deadline;
	readonly remainingMs: () => number;
}
