import {pMapIterable, pMapSkip} from 'p-map';
import type {Entry} from './entry.ts';
import {runItem} from './item.ts';
import {type Lanes, type LanesSetup, openLanes} from './lanes.ts';
import type {Outcome} from './outcome.ts';
import {
	type CompletionReason,
	type Report,
	type Since,
	type Snapshot,
	emptySnapshot,
	isCompletionReason,
	takeReport,
	takeSnapshot,
} from './snapshot.ts';
import {type Tolerance, createTolerance} from './tolerance.ts';
import {untilStopped} from './until-stopped.ts';

/** Iterate it once, or await `report()`; nothing starts before. `break` takes no new item and drains. */
export interface Run<Item = unknown, Result = unknown> extends AsyncIterable<Outcome<Item, Result>> {
	/** What the run looks like now, for whoever asks. */
	snapshot(): Snapshot;
	/** Resolves when the run has ended: runs it, if nobody iterates it. Rejects with the abandon's reason. */
	report(): Promise<Report>;
}

export interface RunSetup extends LanesSetup {
	readonly runId: string;
	readonly items: Iterable<unknown> | AsyncIterable<unknown>;
	/** Checks, names and numbers one of them. */
	readonly open: (item: unknown, n: number) => Entry | Promise<Entry>;
	/** How many there are, when somebody knows. */
	readonly total?: number | undefined;
	readonly toleratedFailureCount?: number | undefined;
	readonly toleratedFailurePercentage?: number | undefined;
	/** Take no new item, drain. Its reason, if it is a completion reason, is the run's. */
	readonly stop?: AbortSignal | undefined;
	/** Abandon: the iteration throws its reason. */
	readonly signal?: AbortSignal | undefined;
}

// How far the run reads ahead of its lanes: enough that one slow or throttled host does not hold up the others.
const FEWEST_AHEAD = 128;
const AHEAD_PER_CALL = 4;
const AHEAD_WHEN_AUTO = 512;

/** The state of a run that has begun. */
interface Begun {
	readonly lanes: Lanes;
	readonly since: Since;
	readonly tolerance: Tolerance;
	/** Items inside the mapper, and who waits for it to be empty. */
	running: number;
	onIdle?: () => void;
	/** Whether the items were taken to their end, and whether one of them was left without an outcome. */
	isThrough: boolean;
	hasLeftovers: boolean;
	stopReason?: CompletionReason;
	report?: Report;
}

export function startRun(setup: RunSetup): Run {
	let begun: Begun | undefined;
	let isTaken = false;
	const {promise: ended, resolve, reject} = Promise.withResolvers<Report>();
	// Whoever only iterates never asks for the report: its rejection is thrown to them already.
	ended.catch(() => {});

	async function* iterate(): AsyncGenerator<Outcome> {
		begun = begin(setup);
		const unlisten = listen(setup, begun);
		try {
			for await (const outcome of drive(setup, begun)) yield outcome;
			begun.isThrough = true;
		} catch (error) {
			begun.lanes.shutdown.abandon(error);
			reject(error);
			throw error;
		} finally {
			unlisten();
			if (!begun.lanes.shutdown.isAbandoned) resolve(await end(setup, begun));
		}
	}

	return {
		[Symbol.asyncIterator]() {
			if (isTaken) throw new Error('A run is iterated once: start another one for a second pass.');
			isTaken = true;
			return iterate();
		},
		snapshot() {
			if (begun === undefined) return emptySnapshot(setup);
			return begun.report ?? takeSnapshot(begun.lanes, {since: begun.since, total: setup.total});
		},
		async report() {
			if (!isTaken) for await (const _ of this);
			return await ended;
		},
	};
}

function begin(setup: RunSetup): Begun {
	const {toleratedFailureCount: count, toleratedFailurePercentage: percentage, total, flow} = setup;
	const tolerance = createTolerance({count, percentage, total});
	if (flow.transform) void setup.pool().warm(flow.transform.file);
	const lanes = openLanes(setup);
	return {
		lanes,
		since: {startedMs: setup.clock.nowMs(), cpuMs: setup.meter.cpuMs()},
		tolerance,
		running: 0,
		isThrough: false,
		hasLeftovers: false,
	};
}

/** Ties the caller's signals to the run; returns the untie. */
function listen({stop: stopSignal, signal}: RunSetup, begun: Begun): () => void {
	const onStop = (): void => stop(begun, isCompletionReason(stopSignal?.reason) ? stopSignal.reason : 'INTERRUPTED');
	const onAbandon = (): void => begun.lanes.shutdown.abandon(signal?.reason);
	if (stopSignal?.aborted) onStop();
	if (signal?.aborted) onAbandon();
	stopSignal?.addEventListener('abort', onStop, {once: true});
	signal?.addEventListener('abort', onAbandon, {once: true});
	return () => {
		stopSignal?.removeEventListener('abort', onStop);
		signal?.removeEventListener('abort', onAbandon);
	};
}

/** Takes no new item from now on; what waits for its first call or its next try stays pending. */
function stop(begun: Begun, reason: CompletionReason): void {
	begun.stopReason ??= reason;
	begun.lanes.gates.fetch.shut();
	begun.lanes.shutdown.stop();
}

/** The items through the lanes, outcomes in the order in which they end: an ordered iteration would stall behind a slow head. */
function drive(setup: RunSetup, begun: Begun): AsyncIterable<Outcome> {
	const source = untilStopped(setup.items, begun.lanes.shutdown, () => {
		begun.hasLeftovers = true;
	});
	return pMapIterable(source, (item, n) => mapItem(setup, begun, {item, n}), {concurrency: readAhead(setup), preserveOrder: false});
}

function readAhead({limits: {ioConcurrency}}: RunSetup): number {
	return ioConcurrency === 'auto' ? AHEAD_WHEN_AUTO : Math.max(FEWEST_AHEAD, AHEAD_PER_CALL * ioConcurrency);
}

async function mapItem(
	setup: RunSetup,
	begun: Begun,
	{item, n}: {readonly item: unknown; readonly n: number},
): Promise<Outcome | typeof pMapSkip> {
	const {lanes, tolerance} = begun;
	const {counts} = lanes.tally;
	begun.running++;
	counts.started++;
	try {
		const opened = setup.open(item, n);
		const outcome = lanes.shutdown.isStopping ? undefined : await runItem(lanes, opened instanceof Promise ? await opened : opened);
		if (outcome === undefined) {
			begun.hasLeftovers = true;
			counts.started--;
			return pMapSkip;
		}
		const finished = counts.succeeded + counts.failed + counts.skipped;
		if (tolerance.isExceeded({failed: counts.failed, finished, isComplete: false})) stop(begun, 'FAILURE_TOLERANCE_EXCEEDED');
		return outcome;
	} finally {
		begun.running--;
		if (begun.running === 0) begun.onIdle?.();
	}
}

/** Drains what a `break` left running, then says how it all ended. */
async function end(setup: RunSetup, begun: Begun): Promise<Report> {
	const {lanes, since, tolerance} = begun;
	if (begun.running > 0) {
		stop(begun, 'INTERRUPTED');
		await new Promise<void>(resolve => {
			begun.onIdle = resolve;
		});
	}
	const {failed, succeeded, skipped} = lanes.tally.counts;
	const isExceeded = tolerance.isExceeded({failed, finished: failed + succeeded + skipped, isComplete: true});
	const completionReason = isExceeded
		? 'FAILURE_TOLERANCE_EXCEEDED'
		: begun.hasLeftovers
			? (begun.stopReason ?? 'INTERRUPTED')
			: 'ALL_COMPLETED';
	begun.report = takeReport(lanes, {since, total: setup.total, completionReason, runId: setup.runId});
	return begun.report;
}
