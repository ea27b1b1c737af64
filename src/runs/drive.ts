import type {LanesSetup} from '../lanes/lanes.ts';
import type {Outcome} from '../lanes/outcome.ts';
import type {CpuPool} from '../lanes/ports.ts';
import {type Run, startRun, stopReasonOf} from '../lanes/run.ts';
import {type CompletionReason, type Snapshot, emptySnapshot} from '../lanes/snapshot.ts';
import {parseItemLine} from '../manifest/item-line.ts';
import {stampOutputs} from './outputs.ts';
import type {RunPorts} from './ports.ts';
import {keepable} from './row.ts';
import {type Session, type SessionOptions, openSession} from './session.ts';
import {type Generation, type Standing, sessionOf, totalOf} from './standing.ts';

/** What the lanes are driven over, and who sees it. */
export interface Driven {
	readonly standing: Standing;
	readonly generation: Generation;
	/** Shows the lanes that run now. */
	readonly view: {run?: Run};
	readonly emit: (outcome: Outcome) => Promise<void> | undefined;
}

export interface DriveOptions {
	readonly lanes: LanesSetup;
	/** A pool whose tasks run one at a time and die alone: transforms of items that were in flight when a process died go there first. */
	readonly isolatedPool?: (() => CpuPool) | undefined;
}

/** Works on the open shards until they are sealed or something stops it. @returns why it ended, and the session, which is over. */
export async function driveSession(
	ports: RunPorts,
	driven: Driven,
	options: DriveOptions & Omit<SessionOptions, 'limits' | 'snapshot'>,
): Promise<{readonly reason: CompletionReason; readonly session: Session}> {
	const {limits} = options.lanes;
	const snapshot = (): Snapshot => driven.view.run?.snapshot() ?? emptySnapshot({});
	const session = await openSession(ports, driven, {...options, limits, snapshot});
	try {
		const reason = await driveAll(session, driven, options);
		await session.close(reason);
		return {reason, session};
	} catch (error) {
		await session.drop();
		throw error;
	}
}

/** First what may have killed a process, then the rest. @returns why it ended. */
async function driveAll(session: Session, opened: Driven, options: DriveOptions): Promise<CompletionReason> {
	// Told after whoever starts us made the run ready.
	const {state} = opened.standing.control;
	if (state !== 'running') return state === 'paused' ? 'PAUSED' : 'CANCELLED';
	const isCareful = options.isolatedPool !== undefined && options.lanes.flow.transform !== undefined;
	const reason = isCareful ? await drive(session, opened, {...options, isCareful}) : 'ALL_COMPLETED';
	return reason === 'ALL_COMPLETED' ? await drive(session, opened, {...options, isCareful: false}) : reason;
}

/** Runs the lanes over the session's items and keeps every outcome. @returns why they ended. */
async function drive(
	session: Session,
	{standing, generation, view, emit}: Driven,
	{lanes, isolatedPool, isCareful}: DriveOptions & {readonly isCareful: boolean},
): Promise<CompletionReason> {
	const {spec} = standing;
	const {toleratedFailureCount, toleratedFailurePercentage} = sessionOf(standing);
	const outputs = {spec, generation: generation.place.generation, claimOf: session.claimOf, onSuperseded: session.interrupt};
	const run = startRun({
		...lanes,
		...(isCareful && isolatedPool && {pool: isolatedPool}),
		store: lanes.store && stampOutputs(lanes.store, outputs),
		runId: spec.runId,
		items: session.lines({isCareful}),
		open: line => parseItemLine(line as string, lanes.flow),
		total: totalOf(standing),
		before: session.ended(),
		toleratedFailureCount,
		toleratedFailurePercentage,
		stop: session.stop,
		signal: session.abandon,
	});
	view.run = run;
	try {
		for await (const given of run) {
			const outcome = keepable(given);
			// First out, then kept: a process that goes on after a kill need not tell again what it finds kept.
			const taking = emit(outcome);
			if (taking) await taking;
			const settling = session.settle(outcome, {isCareful});
			if (settling) await settling;
		}
		return (await run.report()).completionReason ?? 'INTERRUPTED';
	} catch (error) {
		session.fail(error);
		if (session.isDrained(error)) return stopReasonOf(session.stop.reason);
		throw error;
	}
}
