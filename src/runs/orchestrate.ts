import {TwolaneError} from '../lanes/errors.ts';
import {createTolerance} from '../lanes/tolerance.ts';
import {stopReasonOf} from '../lanes/run.ts';
import {type CompletionReason, emptySnapshot} from '../lanes/snapshot.ts';
import {type EngineChoice, decideEngine} from './choose-engine.ts';
import {openDeadline} from './deadline.ts';
import {dispatchShards} from './dispatch.ts';
import {driveSession} from './drive.ts';
import {createEnding} from './ending.ts';
import type {EngineName} from './engine.ts';
import {type RunReport, finishRun, readReport} from './finish.ts';
import {isCurrent} from './get-run.ts';
import {takeLease} from './lease.ts';
import {findRunning, runExecution} from './map-execution.ts';
import type {Life, OrchestrateOptions, Orchestrated} from './orchestration.ts';
import {listAllWork} from './part.ts';
import {planOrRefuse} from './plan-or-refuse.ts';
import {countItems} from './plan.ts';
import type {RunPorts} from './ports.ts';
import {pauseRun} from './refuse-run.ts';
import {openSession} from './session.ts';
import {type Generation, type Standing, addSeals, isSealed, latest, readStanding, sessionOf, totalOf, upTo} from './standing.ts';

const MOST_OWN_CLAIMS = 3;

/**
 * Does whatever a run needs until it has ended or this process has no time left: plans it, chooses where its shards are worked on, sees
 * to it that they are, and finishes it. Harmless to repeat at any moment, by anybody: a superfluous orchestrator finds that it is one.
 */
export async function orchestrateRun(ports: RunPorts, runId: string, options: OrchestrateOptions): Promise<Orchestrated> {
	const life = ports.token();
	const deadline = openDeadline(ports.clock, options.remainingMs ?? Infinity);
	const startedMs = ports.clock.nowMs();
	const lease = await takeLease(ports, runId, {life, signal: deadline.stop}).catch(passDeadline);
	try {
		if (lease === undefined) return {state: deadline.stop.aborted ? 'open' : 'busy'};
		const remainingMs = (): number => (options.remainingMs ?? Infinity) - (ports.clock.nowMs() - startedMs);
		return await lead(ports, runId, {...options, life, deadline, lease, remainingMs});
	} catch (error) {
		if (!isHopeless(error)) throw error;
		// Else the sweep would try it again every minute, for ever, and nobody would hear why.
		const problem = await pauseRun(ports, runId, error.message);
		return {state: 'stopped', reason: problem};
	} finally {
		await lease?.release();
		deadline.close();
	}
}

/** What no second try will cure, as long as nobody does something about it. */
const isHopeless = (error: unknown): error is TwolaneError =>
	error instanceof TwolaneError && !error.retryable && !['INTERNAL', 'RUN_NOT_FOUND', 'STATE_INVALID'].includes(error.code);

/** Our time was up before we knew whether somebody works on the run. */
function passDeadline(error: unknown): undefined {
	if (error !== 'DEADLINE_REACHED') throw error;
	return undefined;
}

async function lead(ports: RunPorts, runId: string, life: Life): Promise<Orchestrated> {
	const running = await findRunning(ports, runId, {engine: life.engines['distributed-map'], through: life.through});
	if (running !== undefined) return {state: 'handed-over', execution: running};
	const before = await readStanding(ports, runId);
	const stopped = await findStop(ports, before);
	if (stopped !== undefined && stopped !== 'CANCELLED') return {state: 'stopped', reason: stopped};
	const planned = await planOrRefuse(ports, before, life);
	if ('state' in planned) return planned;
	const generation = latest(planned);
	if (generation === undefined) return {state: 'stopped', reason: 'CANCELLED'};
	if (isSealed(planned)) return {state: 'ended', report: await finish(ports, planned, life)};
	if (planned.control.state === 'cancelled') return await settle(ports, planned, {reason: 'CANCELLED', life});
	const chosen = await chooseFor(ports, {standing: planned, generation}, life);
	const engine = await escalate(ports, generation, {engine: chosen.engine, life});
	if (isExceeded(planned)) return await settle(ports, planned, {reason: 'FAILURE_TOLERANCE_EXCEEDED', life});
	if (engine === 'distributed-map') {
		const {through} = life;
		const handed = await runExecution(ports, {standing: planned, generation}, {engine: life.engines[engine], life: life.life, through});
		if (handed) return {state: 'handed-over', execution: handed};
	}
	const reason = await work(ports, {standing: planned, generation}, {life, engine});
	// Nothing is read any more that may take long: the next one looks.
	if (reason === 'DEADLINE_REACHED' || reason === 'INTERRUPTED') return {state: 'open'};
	const left = upTo(await readStanding(ports, runId), generation.place.generation);
	if (isSealed(left)) return {state: 'ended', report: await finish(ports, left, life)};
	if (reason === 'ALL_COMPLETED') return {state: 'open'};
	return await settle(ports, left, {reason, life});
}

/** Why nobody is to work on the run now. */
async function findStop(ports: RunPorts, standing: Standing): Promise<string | undefined> {
	const {control, spec} = standing;
	if (control.state === 'cancelled') return 'CANCELLED';
	if (control.state === 'paused' && !isSealed(standing)) return 'PAUSED';
	const report = await readReport(ports, spec.runId);
	const isExceeded = report?.completionReason === 'FAILURE_TOLERANCE_EXCEEDED' && isCurrent(report, standing) && !isSealed(standing);
	return isExceeded ? 'FAILURE_TOLERANCE_EXCEEDED' : undefined;
}

interface OpenRun {
	readonly standing: Standing;
	readonly generation: Generation;
}

async function chooseFor(ports: RunPorts, {standing, generation}: OpenRun, life: Life): Promise<EngineChoice> {
	const {spec} = standing;
	const {engines} = life;
	const available: EngineName[] = ['in-process'];
	if (engines.lambda) available.push('lambda');
	if (engines['distributed-map']) available.push('distributed-map');
	return await decideEngine(ports, generation.place, () => ({
		asked: spec.engine,
		available,
		items: countItems(generation.plan),
		itemMs: life.estimatedItemMs(spec.flow),
		threads: life.threads,
		maxWorkers: Math.min(spec.maxWorkers, engines.lambda?.maxWorkers ?? Infinity),
		remainingMs: life.remainingMs(),
	}));
}

/** Whether what is sealed holds more failures than are tolerated. */
function isExceeded(standing: Standing): boolean {
	const {toleratedFailureCount: count, toleratedFailurePercentage: percentage} = sessionOf(standing);
	const {failed, succeeded, skipped} = addSeals(standing).counts;
	const total = totalOf(standing);
	const finished = failed + succeeded + skipped;
	return createTolerance({count, percentage, total}).isExceeded({failed, finished, isComplete: finished >= total});
}

/** An orchestrator whose own work kills it, life after life, leaves the next one to workers: their deaths are counted. */
async function escalate(
	{state}: RunPorts,
	{place, seals}: Generation,
	{engine, life}: {readonly engine: EngineName; readonly life: Life},
): Promise<EngineName> {
	if (engine !== 'in-process' || life.engines.lambda === undefined) return engine;
	for (const [shard, {highestClaim}] of await listAllWork(state, place)) {
		if (highestClaim >= MOST_OWN_CLAIMS && !seals.has(shard)) return 'lambda';
	}
	return engine;
}

/** Sees to it that the open shards are worked on. @returns why that ended. */
async function work(
	ports: RunPorts,
	{standing, generation}: OpenRun,
	{life, engine}: {readonly life: Life; readonly engine: EngineName},
): Promise<CompletionReason> {
	const stop = AbortSignal.any([life.deadline.stop, life.lease.lost]);
	const {drainMs} = life.deadline;
	const {lambda} = life.engines;
	if (engine === 'in-process' || lambda === undefined) {
		const lanes = await life.openLanes(standing.spec, sessionOf(standing));
		const driven = {standing, generation, view: {}, emit: () => undefined};
		const {isolatedPool, signal} = life;
		return (await driveSession(ports, driven, {lanes, isolatedPool, signal, stop, drainMs, life: life.life})).reason;
	}
	const {spec, control} = standing;
	const ending = createEnding(ports, {runId: spec.runId, control, stop, signal: life.signal, drainMs});
	// A worker's answer must come while we still wait for it.
	const budgetMs = (): number => life.remainingMs() - 2 * drainMs;
	const {random} = life;
	try {
		return await dispatchShards(ports, {
			standing,
			generation,
			engine: lambda,
			life: life.life,
			stop: ending.stop,
			abandon: ending.abandon,
			budgetMs,
			random,
		});
	} catch (error) {
		if (ending.isDrained(error)) return stopReasonOf(ending.stop.reason);
		throw error;
	} finally {
		ending.close();
	}
}

/** Writes how a run looks that was stopped; a cancelled one is sealed with its open items as pending. */
async function settle(
	ports: RunPorts,
	standing: Standing,
	{reason, life}: {readonly reason: CompletionReason; readonly life: Life},
): Promise<Orchestrated> {
	const generation = latest(standing);
	if (generation === undefined) return {state: 'stopped', reason};
	const {limits} = await life.openLanes(standing.spec, sessionOf(standing));
	const session = await openSession(ports, {standing, generation}, {limits, snapshot: () => emptySnapshot({})});
	await session.close(reason);
	const shown = await session.show();
	const left = upTo(await readStanding(ports, standing.spec.runId), generation.place.generation);
	const report = await finishRun(ports, left, {reason, shown, limits});
	return isSealed(left) ? {state: 'ended', report} : {state: 'stopped', reason};
}

async function finish(ports: RunPorts, standing: Standing, {openLanes}: Life): Promise<RunReport> {
	const {limits} = await openLanes(standing.spec, sessionOf(standing));
	return await finishRun(ports, standing, {limits});
}
