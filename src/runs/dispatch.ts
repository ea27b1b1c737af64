import pMap from 'p-map';
import {TwolaneError} from '../lanes/errors.ts';
import {backoffMs} from '../lanes/retry.ts';
import {stopReasonOf} from '../lanes/run.ts';
import type {CompletionReason} from '../lanes/snapshot.ts';
import {createTolerance} from '../lanes/tolerance.ts';
import type {Dispatched, LambdaEngine, WorkerAnswer} from './engine.ts';
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
/** Deaths in a row without an answer: more than a worker needs to give a shard up by itself, so it does not come as far as its claim. */
const MOST_LOST = 10;
/** Answers in a row that say that nothing has ended since the one before. */
const MOST_IDLE = 10;
const SLOWEST_ATTEMPT = 6;

/**
 * Hands out the open shards to workers until all are sealed or something stops it, and waits for who was sent. @returns why it ended.
 * @throws TwolaneError `WORKER_LOST` when workers get nowhere. Then nobody is waited for.
 */
export async function dispatchShards(ports: Pick<RunPorts, 'clock'>, dispatch: Dispatch): Promise<CompletionReason> {
	const {standing, generation, engine} = dispatch;
	const most = Math.min(engine.maxWorkers ?? Infinity, standing.spec.maxWorkers);
	const unsealed = generation.plan.filter(({shard}) => !generation.seals.has(shard));
	const stopping = new AbortController();
	const failing = new AbortController();
	const slots = createWorkerSlots(ports.clock, most);
	const floor: Floor = {
		slots,
		stopping,
		stop: AbortSignal.any([dispatch.stop, stopping.signal, failing.signal]),
		abandon: AbortSignal.any([dispatch.abandon, failing.signal]),
		...watchFailures(standing),
	};
	const fail = (error: unknown): void => failing.abort(error);
	try {
		// Each to its end, also after the first error: nobody must be left who waits for a worker.
		await pMap(unsealed, shard => workOff(ports, {...dispatch, ...floor}, shard).catch(fail), {concurrency: most});
		if (failing.signal.aborted) throw failing.signal.reason;
		return floor.stop.aborted ? stopReasonOf(floor.stop.reason) : 'ALL_COMPLETED';
	} finally {
		slots.close();
	}
}

/** What all dispatches of a run share. */
interface Floor {
	readonly slots: WorkerSlots;
	readonly stopping: AbortController;
	readonly stop: AbortSignal;
	readonly abandon: AbortSignal;
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
async function workOff(ports: Pick<RunPorts, 'clock'>, dispatch: Dispatch & Floor, shard: Shard): Promise<void> {
	const {slots, stop, stopping, budgetMs} = dispatch;
	const tries = {lost: 0, throttled: 0, idle: 0, ended: 0, lives: 0};
	while (!stop.aborted) {
		if (!(await hasSlot(slots, stop))) return;
		const budget = budgetMs();
		if (budget < SHORTEST_BUDGET_MS) {
			slots.give();
			return stopping.abort('DEADLINE_REACHED');
		}
		const ended = await send(dispatch, shard, {budget, lives: tries.lives}).finally(() => slots.give());
		if (await judgeEnding(ports, {...dispatch, shard, tries}, ended)) return;
	}
}

async function send(
	{standing, generation, engine, life, abandon}: Dispatch & Floor,
	shard: Shard,
	{budget, lives}: {readonly budget: number; readonly lives: number},
): Promise<Dispatched> {
	const {runId} = standing.spec;
	const budgetMs = budget === Infinity ? undefined : budget;
	return await engine.invoke(
		{runId, generation: generation.place.generation, shard, life: lives === 0 ? life : `${life}-${lives}`, ...(budgetMs && {budgetMs})},
		{signal: abandon},
	);
}

interface Tries {
	lost: number;
	throttled: number;
	idle: number;
	/** Of the shard, as the last answer said. */
	ended: number;
	/** Each trouble begins a life of its own: a death before it is not held against the shard. */
	lives: number;
}

/** What an ending means for the shard, and how long to wait before the next worker. @returns whether the shard is done with. */
async function judgeEnding(
	{clock}: Pick<RunPorts, 'clock'>,
	{slots, stop, stopping, random, shard, tries, isExceededWith}: Dispatch & Floor & {readonly shard: Shard; readonly tries: Tries},
	ended: Dispatched,
): Promise<boolean> {
	const rest = (attempt: number, atLeastMs: number): Promise<void> =>
		pause(clock, backoffMs(Math.min(SLOWEST_ATTEMPT, attempt), {random, retryAfterMs: atLeastMs}), stop);
	switch (ended.kind) {
		case 'answered': {
			const {answer} = ended;
			if (answer.stopped) stopping.abort(answer.stopped);
			if (answer.isSealed && isExceededWith(answer)) stopping.abort('FAILURE_TOLERANCE_EXCEEDED');
			if (answer.isSealed) return true;
			tries.lost = tries.throttled = 0;
			tries.idle = answer.ended > tries.ended ? 0 : tries.idle + 1;
			tries.ended = Math.max(tries.ended, answer.ended);
			if (answer.trouble !== undefined) tries.lives++;
			if (tries.idle > MOST_IDLE) throw gotNowhere(shard, answer.trouble);
			if (tries.idle > 0) await rest(tries.idle, 1000);
			return false;
		}
		case 'throttled':
			slots.narrow();
			tries.throttled++;
			await rest(tries.throttled, 250);
			return false;
		case 'lost':
			tries.lost++;
			if (tries.lost > MOST_LOST) throw neverClaimed(shard, ended.message);
			await rest(tries.lost, 0);
			return false;
		default:
			return ended satisfies never;
	}
}

const gotNowhere = ({shard}: Shard, trouble = 'an item takes longer than a worker may run: raise its time limit'): TwolaneError =>
	new TwolaneError('WORKER_LOST', `${MOST_IDLE + 1} workers in a row ended nothing of shard ${shard}: ${trouble}`, {retryable: false});

const neverClaimed = ({shard}: Shard, message: string): TwolaneError =>
	new TwolaneError('WORKER_LOST', `${MOST_LOST + 1} workers in a row were lost on shard ${shard} without an answer: ${message}`, {
		retryable: false,
	});

async function hasSlot(slots: WorkerSlots, stop: AbortSignal): Promise<boolean> {
	return await slots.take(stop).then(
		() => true,
		() => false,
	);
}

/** A stop ends the wait. */
const pause = (clock: RunPorts['clock'], ms: number, stop: AbortSignal): Promise<void> => wait(clock, ms, stop).catch(() => {});
