import {TwolaneError} from '../lanes/errors.ts';
import type {LanesSetup} from '../lanes/lanes.ts';
import type {CpuPool} from '../lanes/ports.ts';
import type {Run} from '../lanes/run.ts';
import {type CompletionReason, noneEnded} from '../lanes/snapshot.ts';
import {type Deadline, openDeadline} from './deadline.ts';
import {driveSession} from './drive.ts';
import type {WorkerAnswer, WorkerCall} from './engine.ts';
import type {RunPorts} from './ports.ts';
import type {Seal} from './seal.ts';
import type {RunSpec, SessionOptions} from './spec.ts';
import {readShardStanding, sessionOf} from './standing.ts';

export interface ShardWorkOptions {
	/** The lanes for a run; what its session says is in force. */
	readonly openLanes: (spec: RunSpec, session: SessionOptions) => Promise<LanesSetup>;
	readonly isolatedPool?: (() => CpuPool) | undefined;
	/** Until this process must have answered, in milliseconds. */
	readonly remainingMs: number;
	readonly signal?: AbortSignal | undefined;
}

/**
 * One worker's dispatch: works on its shard until it is sealed, the run is stopped, or its time is up; then it answers, with nothing left
 * running, at least half a second before its time limit. What is not done is taken up by the next dispatch.
 */
export async function workShard(ports: RunPorts, call: WorkerCall, options: ShardWorkOptions): Promise<WorkerAnswer> {
	const deadline = openDeadline(ports.clock, Math.min(options.remainingMs, call.budgetMs ?? Infinity));
	try {
		return await takeTurn(ports, call, {...options, deadline});
	} catch (error) {
		// A store that refuses is nobody's death, and must not count as one.
		if (!(error instanceof TwolaneError && error.code !== 'INTERNAL')) throw error;
		return answer(call, {trouble: error.message});
	} finally {
		deadline.close();
	}
}

async function takeTurn(
	ports: RunPorts,
	call: WorkerCall,
	{deadline, ...options}: ShardWorkOptions & {readonly deadline: Deadline},
): Promise<WorkerAnswer> {
	const {runId, generation, shard, life} = call;
	const standing = await readShardStanding(ports, call);
	if (standing.control.state === 'paused') return answer(call, {stopped: 'PAUSED'});
	const lanes = await options.openLanes(standing.spec, sessionOf(standing));
	const place = {runId, generation};
	const view: {run?: Run} = {};
	const driven = {standing, generation: {place, plan: [shard], seals: new Map()}, view, emit: () => undefined};
	const {stop, drainMs} = deadline;
	const {reason, session} = await driveSession(ports, driven, {...options, lanes, stop, drainMs, life});
	return answer(call, {seal: session.sealOf(shard.shard), stopped: reason, ended: session.endedNow});
}

interface Turn {
	readonly seal?: Seal | undefined;
	readonly stopped?: CompletionReason;
	readonly ended?: number;
	readonly trouble?: string;
}

function answer({runId, generation, shard}: WorkerCall, {seal, stopped, ended = 0, trouble}: Turn): WorkerAnswer {
	const {succeeded, failed, skipped} = seal?.stats.counts ?? noneEnded;
	const isOver = stopped === 'PAUSED' || stopped === 'CANCELLED' || stopped === 'FAILURE_TOLERANCE_EXCEEDED';
	return {
		runId,
		generation,
		shard: shard.shard,
		isSealed: seal !== undefined,
		counts: {succeeded, failed, skipped},
		ended: seal === undefined ? ended : shard.count,
		...(isOver && {stopped}),
		...(trouble !== undefined && {trouble}),
	};
}
