import type {CpuPool} from '../lanes/ports.ts';
import type {LanesSetup} from '../lanes/lanes.ts';
import type {Outcome} from '../lanes/outcome.ts';
import {type Run, startRun, stopReasonOf} from '../lanes/run.ts';
import {type CompletionReason, type Snapshot, emptySnapshot} from '../lanes/snapshot.ts';
import {parseItemLine} from '../manifest/item-line.ts';
import {TwolaneError} from '../lanes/errors.ts';
import {type RunReport, finishRun} from './finish.ts';
import {type StampedOutputs, stampOutputs} from './outputs.ts';
import type {RunPorts} from './ports.ts';
import {replayOutcomes} from './replay.ts';
import {type Session, openSession} from './session.ts';
import {type Standing, isSealed, latest, readStanding, sessionOf, totalOf} from './standing.ts';

export interface WorkOptions {
	readonly lanes: LanesSetup;
	/** Take no new item, drain; its reason is the run's. */
	readonly stop?: AbortSignal | undefined;
	/** Abandon: what is in flight is dropped, and the iteration throws its reason. */
	readonly signal?: AbortSignal | undefined;
	/** How long a stop waits for what is in flight; what has not ended by then stays pending. Default: as long as it takes. */
	readonly drainMs?: number | undefined;
	/** A pool whose tasks run one at a time and die alone: transforms of items that were in flight when a process died go there first. */
	readonly isolatedPool?: (() => CpuPool) | undefined;
	/** Yields the outcomes of earlier sessions, too, before any other. */
	readonly isReplaying?: boolean | undefined;
}

/** One worker's session on a run: iterate it once. */
export interface WorkingRun extends AsyncIterable<Outcome> {
	snapshot(): Snapshot;
	/** How the run stands after the iteration. */
	readonly report: RunReport | undefined;
}

/** Works on the open shards of a planned run until they are sealed or something stops it, then writes results and report. */
export function workRun(ports: RunPorts, runId: string, options: WorkOptions): WorkingRun {
	const view: View = {};

	async function* iterate(): AsyncGenerator<Outcome> {
		const standing = await readStanding(ports, runId);
		const generation = latest(standing);
		if (generation === undefined || standing.unplanned) throw new TwolaneError('INTERNAL', `run ${runId} is worked on before it is planned`);
		view.standing = standing;
		if (options.isReplaying) yield* replayOutcomes(ports, standing);
		if (!isSealed(standing)) yield* work(ports, {standing, generation, view}, options);
		else view.report = await finishRun(ports, standing, {limits: options.lanes.limits});
	}

	return {
		[Symbol.asyncIterator]: iterate,
		snapshot: () => view.run?.snapshot() ?? emptySnapshot({total: view.standing && totalOf(view.standing)}),
		get report() {
			return view.report;
		},
	};
}

/** What others may see of the session. */
interface View {
	standing?: Standing;
	run?: Run;
	report?: RunReport;
}

type Opened = Parameters<typeof openSession>[1] & {readonly view: View};

async function* work(ports: RunPorts, opened: Opened, options: WorkOptions): AsyncGenerator<Outcome> {
	const {view, standing} = opened;
	const {limits} = options.lanes;
	const snapshot = (): Snapshot => view.run?.snapshot() ?? emptySnapshot({});
	const session = await openSession(ports, opened, {...options, limits, snapshot});
	const drive = createDrive({session, standing, generation: opened.generation.place.generation, view}, options);
	let isFailed = false;
	try {
		let reason: CompletionReason = 'ALL_COMPLETED';
		if (options.isolatedPool && options.lanes.flow.transform) reason = yield* drive({isCareful: true});
		if (reason === 'ALL_COMPLETED') yield* drive({isCareful: false});
	} catch (error) {
		isFailed = true;
		await session.drop();
		throw error;
	} finally {
		// Also after a `break` of the consumer.
		if (!isFailed) {
			const reason = drive.reason();
			const shown = await session.close(reason);
			const {runId} = standing.spec;
			view.report = await finishRun(ports, await readStanding(ports, runId), {reason, shown, limits});
		}
	}
}

interface DriveSetup {
	readonly session: Session;
	readonly standing: Standing;
	readonly generation: number;
	readonly view: View;
}
interface Drive {
	(how: {readonly isCareful: boolean}): AsyncGenerator<Outcome, CompletionReason>;
	/** Why the last one ended. */
	reason(): CompletionReason;
}

/** Runs the lanes over the session's items and keeps every outcome, also those that a consumer who broke off does not want. */
function createDrive({session, standing, generation, view}: DriveSetup, {lanes, isolatedPool}: WorkOptions): Drive {
	const {spec} = standing;
	const {toleratedFailureCount, toleratedFailurePercentage} = sessionOf(standing);
	const outputs: StampedOutputs = {spec, generation, claimOf: session.claimOf, onSuperseded: session.interrupt};
	let reason: CompletionReason = 'INTERRUPTED';

	async function* drive(how: {readonly isCareful: boolean}): AsyncGenerator<Outcome, CompletionReason> {
		const run = startRun({
			...lanes,
			...(how.isCareful && isolatedPool && {pool: isolatedPool}),
			store: lanes.store && stampOutputs(lanes.store, outputs),
			runId: spec.runId,
			items: session.lines(how),
			open: line => parseItemLine(line as string, lanes.flow),
			total: totalOf(standing),
			before: session.ended(),
			toleratedFailureCount,
			toleratedFailurePercentage,
			stop: session.stop,
			signal: session.abandon,
		});
		view.run = run;
		const outcomes = run[Symbol.asyncIterator]();
		let isOver = false;
		try {
			for (;;) {
				const next = await outcomes.next();
				if (next.done === true) break;
				await session.settle(next.value, how);
				yield next.value;
			}
			isOver = true;
			reason = (await run.report()).completionReason ?? 'INTERRUPTED';
			return reason;
		} catch (error) {
			isOver = true;
			session.fail(error);
			await outcomes.return?.(undefined).catch(() => {});
			if (!session.isDrained(error)) throw error;
			reason = stopReasonOf(session.stop.reason);
			return reason;
		} finally {
			if (!isOver) await drain(outcomes);
		}

		async function drain(left: AsyncIterator<Outcome>): Promise<void> {
			session.interrupt();
			for (let next = await left.next(); next.done !== true; next = await left.next()) await session.settle(next.value, how);
		}
	}
	return Object.assign(drive, {reason: () => reason});
}
