import type {Lanes} from './lanes.ts';
import type {GateMeasurements, Measurements, Verdict} from './verdict.ts';
import {judge} from './verdict.ts';
import type {TopError} from './tally.ts';
import type {ResolvedLimits} from './limits.ts';
import type {Gate} from './gate.ts';

/** Why a run ended. The ones after the second are what `stop` may carry as its reason. */
export const completionReasons = [
	'ALL_COMPLETED',
	'FAILURE_TOLERANCE_EXCEEDED',
	'DEADLINE_REACHED',
	'PAUSED',
	'CANCELLED',
	'INTERRUPTED',
] as const;
export type CompletionReason = (typeof completionReasons)[number];

export const isCompletionReason = (value: unknown): value is CompletionReason => completionReasons.some(reason => reason === value);

/** Items by how they ended. */
export interface EndedCounts {
	readonly succeeded: number;
	readonly failed: number;
	readonly skipped: number;
}

export const noneEnded: EndedCounts = {succeeded: 0, failed: 0, skipped: 0};

/** What a run looks like at one moment. Made when asked for; costs microseconds. */
export interface Snapshot {
	/** `pending`, `running`, `succeeded`, `failed`, `skipped`, and `total` when it is known. */
	readonly itemCounts: Readonly<Record<string, number>>;
	readonly completionReason?: CompletionReason;
	readonly lanes: {
		readonly io: {readonly inFlight: number; readonly waiting: number; readonly limit: number};
		readonly cpu?: {readonly busy: number; readonly queued: number; readonly threads: number};
	};
	/** Items that ended per second since the first one started. */
	readonly throughput: number;
	readonly wallSeconds: number;
	/** CPU time of the whole process, all threads, since the run began. */
	readonly cpuSeconds: number;
	/** Bytes that readers brought in, and that `put` stored. */
	readonly bytesIn: number;
	readonly bytesOut: number;
	readonly verdict: Verdict;
}

/** The JSON summary of a run. */
export interface Report extends Snapshot {
	readonly runId: string;
	readonly flow: string;
	readonly stages: Readonly<
		Record<string, {readonly count: number; readonly p50Ms: number; readonly p95Ms: number; readonly p99Ms: number}>
	>;
	readonly topErrors: readonly TopError[];
	readonly limits: ResolvedLimits;
}

interface SnapshotState {
	readonly since: Since;
	readonly total: number | undefined;
	readonly before?: EndedCounts | undefined;
}

export interface Since {
	readonly startedMs: number;
	readonly cpuMs: number;
}

function measure(lanes: Lanes, {startedMs, cpuMs}: Since): Measurements {
	const {tally, meter, limits, flow} = lanes;
	const stages = tally.stages();
	const {succeeded, failed, skipped} = tally.counts;
	const pool = flow.transform && tally.busyMs > 0 ? lanes.pool() : undefined;
	return {
		wallMs: lanes.clock.nowMs() - startedMs,
		items: succeeded + failed + skipped,
		cores: meter.cores,
		cpuMs: meter.cpuMs() - cpuMs,
		machineBusyRatio: meter.machineBusyRatio(),
		eventLoopUtilization: meter.eventLoopUtilization(),
		bytesIn: tally.bytesIn,
		inFlightBytes: limits.inFlightBytes,
		fetch: measureGate(lanes.gates.fetch, {times: stages.fetch, isAuto: limits.ioConcurrency === 'auto'}),
		store: measureGate(lanes.gates.store, {times: stages.store, isAuto: limits.ioConcurrency === 'auto'}),
		cpu: pool && {threads: pool.threads, isAuto: limits.threads === 'auto', busyMs: tally.busyMs, p50Ms: stages.transform?.p50Ms ?? 0},
	};
}

function measureGate(
	gate: Gate,
	{times, isAuto}: {readonly times: Report['stages'][string] | undefined; readonly isAuto: boolean},
): GateMeasurements {
	const {waitedMs, inFlightMs} = gate.read();
	return {
		calls: times?.count ?? 0,
		limit: gate.limit,
		isAuto,
		inFlightMs,
		waitedMs: {...waitedMs},
		p50Ms: times?.p50Ms ?? 0,
		p95Ms: times?.p95Ms ?? 0,
		throttles: gate.throttles,
		lowestCeiling: gate.lowestCeiling,
		plateau: gate.plateau,
	};
}

export function takeSnapshot(
	lanes: Lanes,
	{since, total, before = noneEnded, completionReason}: SnapshotState & {readonly completionReason?: CompletionReason},
): Snapshot {
	const {tally, gates, flow} = lanes;
	const {started, succeeded, failed, skipped} = tally.counts;
	const measured = measure(lanes, since);
	const pool = flow.transform ? lanes.pool() : undefined;
	const running = completionReason === undefined ? started - measured.items : 0;
	const ended = before.succeeded + before.failed + before.skipped;
	return {
		itemCounts: {
			pending: Math.max(0, (total ?? started + ended) - ended - measured.items - running),
			running,
			succeeded: before.succeeded + succeeded,
			failed: before.failed + failed,
			skipped: before.skipped + skipped,
			...(total !== undefined && {total}),
		},
		...(completionReason !== undefined && {completionReason}),
		lanes: {
			io: {
				inFlight: gates.fetch.inFlight + gates.store.inFlight,
				waiting: gates.fetch.waiting + gates.store.waiting,
				limit: gates.fetch.limit,
			},
			...(pool && {cpu: {busy: pool.busy, queued: pool.queued, threads: pool.threads}}),
		},
		throughput: measured.wallMs > 0 ? (1000 * measured.items) / measured.wallMs : 0,
		wallSeconds: measured.wallMs / 1000,
		cpuSeconds: measured.cpuMs / 1000,
		bytesIn: tally.bytesIn,
		bytesOut: tally.bytesOut,
		verdict: judge(measured),
	};
}

/** A run that nobody has started yet. */
export function emptySnapshot({
	total,
	before = noneEnded,
}: {
	readonly total?: number | undefined;
	readonly before?: EndedCounts | undefined;
}): Snapshot {
	const ended = before.succeeded + before.failed + before.skipped;
	return {
		itemCounts: {pending: Math.max(0, (total ?? 0) - ended), running: 0, ...before, ...(total !== undefined && {total})},
		lanes: {io: {inFlight: 0, waiting: 0, limit: 0}},
		throughput: 0,
		wallSeconds: 0,
		cpuSeconds: 0,
		bytesIn: 0,
		bytesOut: 0,
		verdict: {bound: 'balanced', evidence: ['nothing has run yet'], advice: []},
	};
}

export function takeReport(
	lanes: Lanes,
	state: SnapshotState & {readonly completionReason: CompletionReason; readonly runId: string},
): Report {
	const {tally, limits, flow} = lanes;
	return {
		runId: state.runId,
		flow: flow.name,
		...takeSnapshot(lanes, state),
		stages: tally.stages(),
		topErrors: tally.topErrors(),
		limits,
	};
}
