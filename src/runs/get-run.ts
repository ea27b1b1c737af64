import type {CompletionReason} from '../lanes/snapshot.ts';
import type {TopError} from '../lanes/tally.ts';
import {readControl} from './control.ts';
import {type RunReport, readReport} from './finish.ts';
import {measurePace} from './pace.ts';
import {type ShardWork, countEnded, listAllWork} from './part.ts';
import type {RunPorts} from './ports.ts';
import {type RowStats, topErrors} from './row-stats.ts';
import {type RunSpec, readSpec} from './spec.ts';
import {
	type Standing,
	addSeals,
	endReason,
	isSealed,
	isTolerant,
	latest,
	readRedrive,
	readStanding,
	sessionOf,
	totalOf,
} from './standing.ts';
import {endingOf} from './status.ts';

export type LiveStatus = 'PENDING' | 'RUNNING' | 'PAUSED' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED';

/** How a run stands, for whoever asks. */
export interface RunView {
	readonly id: string;
	readonly flow: string;
	readonly createdAt: string;
	readonly out: string;
	readonly status: LiveStatus;
	readonly generation: number;
	readonly itemCounts: Readonly<Record<'pending' | 'running' | 'succeeded' | 'failed' | 'skipped' | 'total', number>>;
	readonly completionReason?: CompletionReason;
	/** Items that ended per second of work, and how long the open ones will take at that rate. */
	readonly throughput: number;
	readonly etaSeconds?: number;
	/** It is to run, and nobody works on it. */
	readonly stalled?: boolean;
	/** Why nobody can work on it. */
	readonly problem?: string;
	readonly topErrors: readonly TopError[];
	/** Names of its sources. */
	readonly sources: readonly string[];
}

/** Rolled up from seals and, for open shards, from the names of their parts: a listing is enough. Of an ended run the report says it all. */
export async function getRun(ports: RunPorts, runId: string): Promise<RunView> {
	const spec = await readSpec(ports, runId);
	return (await viewEnded(ports, spec)) ?? (await viewOf(ports, await readStanding(ports, runId)));
}

/**
 * The run as its report says, when every shard is sealed and it has been told nothing since: however many shards it has. In a folder its
 * seals are as near, and reading them finds what was damaged.
 */
async function viewEnded(ports: RunPorts, spec: RunSpec): Promise<RunView | undefined> {
	if (!ports.state.isShared) return undefined;
	const {runId} = spec;
	const report = await readReport(ports, runId);
	if (report === undefined || report.sealed < report.shards || report.completionReason === 'INTERRUPTED') return undefined;
	const control = await readControl(ports, runId);
	if (control.k !== report.control || (await readRedrive(ports, {runId, generation: report.generation + 1}))) return undefined;
	const {status, generation, itemCounts, completionReason, throughput, topErrors} = report;
	return {
		...about(spec),
		status,
		generation,
		itemCounts,
		completionReason,
		throughput,
		...(control.problem !== undefined && {problem: control.problem}),
		topErrors,
	};
}

export async function viewOf(ports: RunPorts, standing: Standing): Promise<RunView> {
	const {spec} = standing;
	const stats = addSeals(standing);
	const work = isSealed(standing) ? undefined : await listOpen(ports, standing);
	const open = work && countOpen(standing, work);
	const report = await readReport(ports, spec.runId);
	const isWorkedOn = open && (await ports.isWorkedOn?.(spec.runId));
	const current = report && isCurrent(report, standing) ? report : undefined;
	const counts = {
		succeeded: stats.counts.succeeded + (open?.succeeded ?? 0),
		failed: stats.counts.failed + (open?.failed ?? 0),
		skipped: stats.counts.skipped + (open?.skipped ?? 0),
	};
	const total = totalOf(standing);
	const pending = total - counts.succeeded - counts.failed - counts.skipped;
	const {status, completionReason} = judge(standing, {stats, report: current, isWorkedOn});
	const newest = latest(standing);
	const isGoingOn = work && newest && status === 'RUNNING' && isWorkedOn !== false;
	const pace = isGoingOn ? await measurePace(ports, newest, work) : 0;
	// Before anything has ended: as fast as the last time.
	const throughput = pace > 0 ? pace : (report?.throughput ?? 0);
	return {
		...about(spec),
		status,
		generation: generationOf(standing),
		itemCounts: {pending, running: 0, ...counts, total},
		...(completionReason && {completionReason}),
		throughput,
		...(pending > 0 && throughput > 0 && status === 'RUNNING' && {etaSeconds: pending / throughput}),
		...(status === 'RUNNING' && isWorkedOn === false && {stalled: true}),
		...(standing.control.problem !== undefined && {problem: standing.control.problem}),
		// A report knows those of shards that are not sealed, too.
		topErrors: current?.topErrors ?? topErrors(stats),
	};
}

/** A redrive that is asked for counts. */
const generationOf = ({unplanned, generations}: Standing): number => unplanned?.place.generation ?? generations.length - 1;

/** A report is old news as soon as the run was told to go on or has gone on; one that knows more seals is news of a later moment. */
export const isCurrent = (report: RunReport, standing: Standing): boolean =>
	report.control === standing.control.k &&
	report.generation === generationOf(standing) &&
	report.sealed === (latest(standing)?.seals.size ?? 0);

const about = ({runId, flow, createdAt, out, sources}: RunSpec) => ({
	id: runId,
	flow,
	createdAt,
	out,
	sources: sources.map(({name}) => name),
});

/** Claims and parts of the newest generation. */
async function listOpen({state}: Pick<RunPorts, 'state'>, standing: Standing): Promise<ReadonlyMap<number, ShardWork>> {
	const newest = latest(standing);
	return newest ? await listAllWork(state, newest.place) : new Map();
}

/** What has ended in shards without a seal, as the names of their parts say. */
function countOpen(standing: Standing, work: ReadonlyMap<number, ShardWork>) {
	const sum = {succeeded: 0, failed: 0, skipped: 0};
	for (const [shard, one] of work) {
		if (latest(standing)?.seals.has(shard)) continue;
		const ended = countEnded(one);
		for (const status of ['succeeded', 'failed', 'skipped'] as const) sum[status] += ended[status];
	}
	return sum;
}

interface Evidence {
	readonly stats: RowStats;
	readonly report: RunReport | undefined;
	readonly isWorkedOn: boolean | undefined;
}

export interface Judgement {
	readonly status: LiveStatus;
	readonly completionReason?: CompletionReason;
}

function judge(standing: Standing, {stats, report, isWorkedOn}: Evidence): Judgement {
	const {control} = standing;
	if (isSealed(standing)) {
		const completionReason = endReason(standing, stats);
		const {status} = endingOf(completionReason, {failed: stats.counts.failed, isTolerant: isTolerant(sessionOf(standing))});
		return {status, completionReason};
	}
	if (control.state === 'cancelled') return {status: 'CANCELLED', completionReason: 'CANCELLED'};
	if (control.state === 'paused') return {status: 'PAUSED', completionReason: 'PAUSED'};
	if (isWorkedOn !== true && report) return {status: report.status, completionReason: report.completionReason};
	if (standing.generations.length === 0 && isWorkedOn !== true) return {status: 'PENDING'};
	return {status: 'RUNNING'};
}
