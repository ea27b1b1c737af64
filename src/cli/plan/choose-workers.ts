import {availableParallelism} from 'node:os';
import {chooseEngine} from '../../runs/choose-engine.ts';
import {type EngineName, engineNames} from '../../runs/engine.ts';
import type {RunSpec} from '../../runs/spec.ts';
import {flows} from '../../wire.ts';
import type {DeployedStack} from '../stack.ts';

/** Who would work on a run. */
export interface Fleet {
	readonly engines: readonly EngineName[];
	/** Of one worker. */
	readonly cores: number;
	/** Of one worker, where it is not this machine. */
	readonly memoryBytes?: number;
	/** How long the process that chooses the engine has. */
	readonly remainingMs: number;
}

/** `items` x `itemMs` / (`threads` x `workers`). */
export interface Estimate {
	readonly seconds: number;
	/** Those that are not done yet. */
	readonly items: number;
	readonly itemMs: number;
	readonly threads: number;
	readonly workers: number;
}

const MB = 1024 * 1024;
/** A Lambda has one core for each of these. https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
export const MB_PER_CORE = 1769;
const DEFAULT_ITEM_MS = 50;

export const thisMachinesFleet = (): Fleet => ({engines: ['in-process'], cores: availableParallelism(), remainingMs: Infinity});

/** As the stack's functions are deployed. */
export async function lookAtStack({look}: Pick<DeployedStack, 'look'>): Promise<Fleet> {
	const {orchestrator, worker} = await look();
	const cores = Math.max(1, Math.round(worker.memoryMB / MB_PER_CORE));
	return {engines: engineNames, cores, memoryBytes: worker.memoryMB * MB, remainingMs: orchestrator.timeLimitMs};
}

export interface Work extends Pick<RunSpec, 'engine' | 'maxWorkers'> {
	/** As it was given. */
	readonly flow: string;
	/** Those that are not done yet. */
	readonly items: number;
	readonly shards: number;
	readonly threads: number | 'auto';
}

/** Where the items would be worked on, why, and for how long. */
export function chooseWorkers(fleet: Fleet, work: Work) {
	const {flow, items, shards, threads: given, engine: asked, maxWorkers} = work;
	const itemMs = (Object.hasOwn(flows, flow) ? flows[flow]?.estimatedItemMs : undefined) ?? DEFAULT_ITEM_MS;
	const {engines: available, remainingMs, cores} = fleet;
	const {engine: name, reason} = chooseEngine({asked, available, items, itemMs, threads: cores, maxWorkers, remainingMs});
	const isHere = fleet.memoryBytes === undefined;
	const threads = given === 'auto' ? cores : given;
	const workers = name === 'in-process' ? 1 : Math.max(1, Math.min(maxWorkers, shards));
	const estimate: Estimate = {seconds: (items * itemMs) / (threads * workers) / 1000, items, itemMs, threads, workers};
	return {engine: {name, reason: isHere ? 'on this machine; --on STACK starts it on a deployed stack' : reason}, estimate};
}
