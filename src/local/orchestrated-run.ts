import {emptySnapshot} from '../lanes/snapshot.ts';
import {controlRun} from '../runs/control-run.ts';
import {TwolaneError} from '../lanes/errors.ts';
import {type RunReport, readReport} from '../runs/finish.ts';
import {isCurrent} from '../runs/get-run.ts';
import {wait} from '../runs/lease.ts';
import {orchestrateRun} from '../runs/orchestrate.ts';
import type {OrchestrateOptions, Orchestrated} from '../runs/orchestration.ts';
import type {RunPorts} from '../runs/ports.ts';
import {replayOutcomes} from '../runs/replay.ts';
import {readStanding, totalOf} from '../runs/standing.ts';
import {type Emit, type WorkOptions, workRun} from '../runs/work-run.ts';
import type {EngineElsewhere} from './engine-elsewhere.ts';
import type {Begun} from './lazy-run.ts';

export interface OrchestratedOptions
	extends Pick<WorkOptions, 'lanes' | 'stop' | 'signal' | 'isolatedPool' | 'isReplaying'>, Pick<OrchestrateOptions, 'openSource'> {
	readonly engine: EngineElsewhere;
}

/** How often a state machine, or whoever else works on the run, is looked at. */
const LOOK_EVERY_MS = 5000;

/** A run that workers elsewhere work on, for as long as it takes; its outcomes are read back when they have ended. */
export function orchestratedRun(
	ports: RunPorts,
	runId: string,
	{lanes, engine, openSource, stop: callersStop, signal, isolatedPool, isReplaying}: OrchestratedOptions,
): Begun['run'] {
	const breaking = new AbortController();
	const stop = callersStop ? AbortSignal.any([callersStop, breaking.signal]) : breaking.signal;
	let seen: {readonly total: number; readonly report?: RunReport} | undefined;

	async function work(emit?: Emit): Promise<RunReport> {
		seen = {total: totalOf(await readStanding(ports, runId))};
		const orchestrate = (): Promise<Orchestrated> =>
			orchestrateRun(ports, runId, {
				openFlow: async () => lanes.flow,
				openSource,
				openLanes: async () => lanes,
				isolatedPool,
				engines: {[engine.name]: engine},
				// For a choice that nobody has left open.
				estimatedItemMs: () => 0,
				threads: 1,
				random: lanes.random,
				signal,
			});
		const report = await withPause(ports, runId, stop, () => seeThrough(ports, {orchestrate, signal}));
		seen = {...seen, report: report ?? (await reportStopped(ports, runId, lanes))};
		if (emit && isReplaying) await replay(emit);
		return seen.report as RunReport;
	}

	async function replay(emit: Emit): Promise<void> {
		for await (const outcome of replayOutcomes(ports, await readStanding(ports, runId))) {
			signal?.throwIfAborted();
			if (breaking.signal.aborted) return;
			await emit(outcome);
		}
	}

	return {
		work,
		interrupt: () => breaking.abort('INTERRUPTED'),
		snapshot: () => seen?.report ?? emptySnapshot({total: seen?.total}),
	};
}

/** Workers are told by the run's control alone. */
async function withPause<T>(ports: RunPorts, runId: string, stop: AbortSignal, work: () => Promise<T>): Promise<T> {
	let pausing: Promise<unknown> | undefined;
	// A run that has ended meanwhile has nothing to be told.
	const pause = (): void => void (pausing = controlRun(ports, runId, {action: 'pause'}).catch(passRefusal));
	if (stop.aborted) pause();
	else stop.addEventListener('abort', pause, {once: true});
	try {
		await pausing;
		return await work();
	} finally {
		stop.removeEventListener('abort', pause);
		await pausing;
	}
}

function passRefusal(error: unknown): void {
	if (!(error instanceof TwolaneError && error.code === 'RUN_REFUSED')) throw error;
}

/** Orchestrates until the run has ended. @returns `undefined` when it was stopped. */
async function seeThrough(
	{clock}: Pick<RunPorts, 'clock'>,
	{orchestrate, signal}: {readonly orchestrate: () => Promise<Orchestrated>; readonly signal: AbortSignal | undefined},
): Promise<RunReport | undefined> {
	for (;;) {
		signal?.throwIfAborted();
		const told = await orchestrate();
		signal?.throwIfAborted();
		if (told.state === 'ended') return told.report;
		if (told.state === 'stopped') return undefined;
		await wait(clock, LOOK_EVERY_MS, signal);
	}
}

/**
 * What was written when the run stopped; one that was paused before anybody began has no report yet.
 * @throws TwolaneError `ENGINE_DENIED` when it stopped because nobody can work on it.
 */
async function reportStopped(ports: RunPorts, runId: string, lanes: WorkOptions['lanes']): Promise<RunReport> {
	const standing = await readStanding(ports, runId);
	const {problem} = standing.control;
	if (problem !== undefined) throw new TwolaneError('ENGINE_DENIED', problem, {stage: 'run'});
	const report = await readReport(ports, runId);
	if (report && isCurrent(report, standing)) return report;
	return await workRun(ports, runId, {lanes, stop: AbortSignal.abort('PAUSED')}).work();
}
