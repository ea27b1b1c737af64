import {pMapIterable, pMapSkip} from 'p-map';
import type {Entry} from './entry.ts';
import {runItem} from './item.ts';
import {type Lanes, type LanesSetup, openLanes} from './lanes.ts';
import type {Outcome} from './outcome.ts';
import {
	type CompletionReason,
	type EndedCounts,
	type Report,
	type Since,
	type Snapshot,
	emptySnapshot,
	noneEnded,
	isCompletionReason,
	takeReport,
	takeSnapshot,
} from './snapshot.ts';
import {type Tolerance, createTolerance} from './tolerance.ts';
import {type PulledItems, pullItems} from './pull-items.ts';

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
	/** How many there are, when somebody knows, with those of `before`. */
	readonly total?: number | undefined;
	/** Items that ended in an earlier session: they count for the tolerance and in the snapshot, and are not among `items`. */
	readonly before?: EndedCounts | undefined;
	readonly toleratedFailureCount?: number | undefined;
	readonly toleratedFailurePercentage?: number | undefined;
	/** Take no new item, drain. Its reason, if it is a completion reason, is the run's. */
	readonly stop?: AbortSignal | undefined;
	/** Abandon: the iteration throws its reason. */
	readonly signal?: AbortSignal | undefined;
}

// How far the run reads ahead of its lanes: twice what they really hold, so that none waits for the source, and no more: items that
// wait survive the young generation, and cost more in garbage collection than all else (a no-op item 23 of 100 us with 512 ahead).
// When a host throttles, far: its items must not hold up those of the others.
const FEWEST_AHEAD = 16;
const AHEAD_PER_PLACE = 2;
// What p-map may hold; also what it asks for in advance, and each such question survives the young generation: 1,024 of them took a
// quarter of the throughput (75,000 items/s instead of 100,000 with 128, same machine, same minute).
const MOST_AHEAD = 192;

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
	const {toleratedFailureCount: count, toleratedFailurePercentage: percentage, total, signal} = setup;
	const tolerance = createTolerance({count, percentage, total});
	let begun: Begun | undefined;
	let isTaken = false;
	const {promise: ended, resolve, reject} = Promise.withResolvers<Report>();
	// Whoever only iterates never asks for the report: its rejection is thrown to them already.
	ended.catch(() => {});

	async function* iterate(): AsyncGenerator<Outcome> {
		begun = begin(setup, tolerance);
		const unlisten = listen(setup, begun);
		try {
			const {outcomes, pulled} = drive(setup, begun);
			for await (const outcome of outcomes) {
				signal?.throwIfAborted();
				yield outcome;
				// Only what was taken makes room: a slow consumer must not fill the memory with outcomes.
				pulled.leave();
			}
			signal?.throwIfAborted();
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
			const outcomes = iterate();
			const close = outcomes.return.bind(outcomes);
			// A generator that was never pulled does not run its `finally`: then the run ends here.
			outcomes.return = async value => {
				if (begun === undefined) {
					begun = begin(setup, tolerance);
					resolve(await end(setup, begun));
				}
				return await close(value);
			};
			return outcomes;
		},
		snapshot() {
			if (begun === undefined) return emptySnapshot(setup);
			return begun.report ?? takeSnapshot(begun.lanes, {since: begun.since, total: setup.total, before: setup.before});
		},
		async report() {
			if (!isTaken) for await (const _ of this);
			return await ended;
		},
	};
}

function begin(setup: RunSetup, tolerance: Tolerance): Begun {
	const {flow} = setup;
	if (flow.transform)
		setup
			.pool()
			.warm(flow.transform.file)
			.catch(() => {});
	const lanes = openLanes(setup);
	const begun: Begun = {
		lanes,
		since: {startedMs: setup.clock.nowMs(), cpuMs: setup.meter.cpuMs()},
		tolerance,
		running: 0,
		isThrough: false,
		hasLeftovers: false,
	};
	// An earlier session may have used it up.
	if (tolerance.isExceeded({...countEnded(setup, lanes), isComplete: false})) stop(begun, 'FAILURE_TOLERANCE_EXCEEDED');
	return begun;
}

/** Ties the caller's signals to the run; returns the untie. */
function listen({stop: stopSignal, signal}: RunSetup, begun: Begun): () => void {
	const onStop = (): void => stop(begun, stopReasonOf(stopSignal?.reason));
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

/** Why a stop stops: a completion reason is taken as it is; `AbortSignal.timeout()` is a deadline; anything else interrupts. */
export function stopReasonOf(reason: unknown): CompletionReason {
	if (isCompletionReason(reason)) return reason;
	return reason instanceof Error && reason.name === 'TimeoutError' ? 'DEADLINE_REACHED' : 'INTERRUPTED';
}

/** Takes no new item from now on; what waits for its first call or its next try stays pending. */
function stop(begun: Begun, reason: CompletionReason): void {
	begun.stopReason ??= reason;
	begun.lanes.gates.fetch.shut();
	begun.lanes.shutdown.stop();
}

/** The items through the lanes, outcomes in the order in which they end: an ordered iteration would stall behind a slow head. */
function drive(setup: RunSetup, begun: Begun): {readonly outcomes: AsyncIterable<Outcome>; readonly pulled: PulledItems} {
	const {lanes} = begun;
	const pulled = pullItems(setup.items, {
		shutdown: lanes.shutdown,
		room: () => readAhead(lanes),
		onCut() {
			begun.hasLeftovers = true;
		},
	});
	const mapper = (item: unknown, n: number): Promise<Outcome | typeof pMapSkip> => mapItem(setup, begun, {pulled, item, n});
	return {pulled, outcomes: pMapIterable(pulled.items, mapper, {concurrency: mostAhead(lanes), preserveOrder: false})};
}

function readAhead(lanes: Lanes): number {
	const {gates, flow, pool} = lanes;
	if (gates.fetch.throttles > 0) return mostAhead(lanes);
	const backlog = flow.transform ? pool().backlog : 0;
	return Math.min(mostAhead(lanes), FEWEST_AHEAD + AHEAD_PER_PLACE * (gates.fetch.inFlight + gates.store.inFlight) + backlog);
}

/** A width that somebody set is reached, whatever it is. */
function mostAhead({limits: {ioConcurrency}}: Lanes): number {
	return ioConcurrency === 'auto' ? MOST_AHEAD : Math.max(MOST_AHEAD, FEWEST_AHEAD + AHEAD_PER_PLACE * ioConcurrency);
}

interface Mapping {
	readonly pulled: PulledItems;
	readonly item: unknown;
	readonly n: number;
}

async function mapItem(setup: RunSetup, begun: Begun, {pulled, item, n}: Mapping): Promise<Outcome | typeof pMapSkip> {
	const {lanes, tolerance} = begun;
	const {counts} = lanes.tally;
	begun.running++;
	counts.started++;
	try {
		const opened = setup.open(item, n);
		const entry = opened instanceof Promise ? await opened : opened;
		const outcome = lanes.shutdown.isStopping ? undefined : await runItem(lanes, entry, 'given' in entry ? entry.given : item);
		if (outcome === undefined) {
			begun.hasLeftovers = true;
			counts.started--;
			pulled.leave();
			return pMapSkip;
		}
		const {failed, finished} = countEnded(setup, lanes);
		if (tolerance.isExceeded({failed, finished, isComplete: false})) stop(begun, 'FAILURE_TOLERANCE_EXCEEDED');
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
	lanes.liveCalls.endAll(undefined);
	const {failed, finished} = countEnded(setup, lanes);
	const isComplete = finished === setup.total || (begun.isThrough && !begun.hasLeftovers);
	const isExceeded = tolerance.isExceeded({failed, finished, isComplete});
	const completionReason = isExceeded ? 'FAILURE_TOLERANCE_EXCEEDED' : isComplete ? 'ALL_COMPLETED' : (begun.stopReason ?? 'INTERRUPTED');
	begun.report = takeReport(lanes, {since, total: setup.total, before: setup.before, completionReason, runId: setup.runId});
	return begun.report;
}

/** What has ended so far, in this session and before it. */
function countEnded({before = noneEnded}: RunSetup, {tally: {counts}}: Lanes): {readonly failed: number; readonly finished: number} {
	const failed = before.failed + counts.failed;
	return {failed, finished: failed + before.succeeded + before.skipped + counts.succeeded + counts.skipped};
}
