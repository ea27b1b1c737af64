import pMap from 'p-map';
import {TwolaneError} from '../lanes/errors.ts';
import {backoffMs} from '../lanes/retry.ts';
import {stopReasonOf} from '../lanes/run.ts';
import type {CompletionReason} from '../lanes/snapshot.ts';
import {createTolerance} from '../lanes/tolerance.ts';
import type {LambdaEngine, WorkerAnswer} from './engine.ts';
import {wait} from './lease.ts';
import type {Shard} from './plan.ts';
import type {RunPorts} from './ports.ts';
import {type Generation, type Standing, addSeals, sessionOf, totalOf} from './standing.ts';
import {type WorkerSlots, createWorkerSlots} from './worker-slots.ts';

export interface Dispatch {
	readonly standing: Standing;
	readonly generation: Generation;
	readonly engine: LambdaEngine;
	readonly life: string;
	/** Hand out nothing more; its reason is the run's. */
	readonly stop: AbortSignal;
	/** Wait for nobody any more. */
	readonly abandon: AbortSignal;
	/** How long a worker that begins now may take. */
	readonly budgetMs: () => number;
	readonly random: () => number;
}

/** A worker needs some of it to begin and to end; less is not worth a start. */
const SHORTEST_BUDGET_MS = 8000;
/** More in a row than a worker needs to give a shard up by itself: it does not come as far as its claim. */
const MOST_LOST = 6;
const SLOWEST_THROTTLE_ATTEMPT = 6;

/** Hands out the open shards to workers until all are sealed or something stops it, and waits for who was sent. @returns why it ended. */
export async function dispatchShards(ports: Pick<RunPorts, 'clock'>, dispatch: Dispatch): Promise<CompletionReason> {
	const {standing, generation, engine} = dispatch;
	const most = Math.min(engine.maxWorkers ?? Infinity, standing.spec.maxWorkers);
	const unsealed = generation.plan.filter(({shard}) => !generation.seals.has(shard));
	const stopping = new AbortController();
	const slots = createWorkerSlots(ports.clock, most);
	const floor: Floor = {slots, stopping, stop: AbortSignal.any([dispatch.stop, stopping.signal]), ...watchFailures(standing)};
	try {
		await pMap(unsealed, shard => workOff(ports, {...dispatch, ...floor}, shard), {concurrency: most, signal: dispatch.abandon});
		return floor.stop.aborted ? stopReasonOf(floor.stop.reason) : 'ALL_COMPLETED';
	} finally {
		slots.close();
		stopping.abort('INTERRUPTED');
	}
}

/** What all dispatches of a run share. */
interface Floor {
	readonly slots: WorkerSlots;
	readonly stopping: AbortController;
	readonly stop: AbortSignal;
	/** Counts a sealed shard. @returns whether too much has failed. */
	readonly isExceededWith: (answer: WorkerAnswer) => boolean;
}

function watchFailures(standing: Standing): Pick<Floor, 'isExceededWith'> {
	const {toleratedFailureCount: count, toleratedFailurePercentage: percentage} = sessionOf(standing);
	const total = totalOf(standing);
	const tolerance = createTolerance({count, percentage, total});
	let {failed, succeeded, skipped} = addSeals(standing).counts;
	return {
		isExceededWith({counts}) {
			failed += counts.failed;
			succeeded += counts.succeeded;
			skipped += counts.skipped;
			const finished = failed + succeeded + skipped;
			return tolerance.isExceeded({failed, finished, isComplete: finished >= total});
		},
	};
}

/** Sends worker after worker until the shard is sealed. */
async function workOff({clock}: Pick<RunPorts, 'clock'>, dispatch: Dispatch & Floor, shard: Shard): Promise<void> {
	const {standing, generation, engine, life, slots, stop, stopping, abandon, budgetMs, random} = dispatch;
	const {runId} = standing.spec;
	const tries = {lost: 0, throttled: 0};
	while (!stop.aborted) {
		if (!(await hasSlot(slots, stop))) return;
		const budget = budgetMs();
		if (budget < SHORTEST_BUDGET_MS) {
			slots.give();
			return stopping.abort('DEADLINE_REACHED');
		}
		const call = {runId, generation: generation.place.generation, shard, life, ...(budget !== Infinity && {budgetMs: budget})};
		const ended = await engine.invoke(call, {signal: abandon}).finally(() => slots.give());
		switch (ended.kind) {
			case 'answered': {
				const {answer} = ended;
				if (answer.stopped) stopping.abort(answer.stopped);
				if (answer.isSealed && dispatch.isExceededWith(answer)) stopping.abort('FAILURE_TOLERANCE_EXCEEDED');
				if (answer.isSealed) return;
				tries.lost = tries.throttled = 0;
				break;
			}
			case 'throttled':
				slots.narrow();
				tries.throttled = Math.min(SLOWEST_THROTTLE_ATTEMPT, tries.throttled + 1);
				await pause(clock, backoffMs(tries.throttled, {random, retryAfterMs: 250}), stop);
				break;
			case 'lost':
				tries.lost++;
				if (tries.lost > MOST_LOST) throw neverClaimed(shard, ended.message);
				await pause(clock, backoffMs(tries.lost, {random}), stop);
				break;
			default:
				ended satisfies never;
		}
	}
}

const neverClaimed = ({shard}: Shard, message: string): TwolaneError =>
	new TwolaneError('WORKER_LOST', `${MOST_LOST + 1} workers in a row were lost on shard ${shard} before they could take it: ${message}`);

async function hasSlot(slots: WorkerSlots, stop: AbortSignal): Promise<boolean> {
	return await slots.take(stop).then(
		() => true,
		() => false,
	);
}

/** A stop ends the wait. */
const pause = (clock: RunPorts['clock'], ms: number, stop: AbortSignal): Promise<void> => wait(clock, ms, stop).catch(() => {});
