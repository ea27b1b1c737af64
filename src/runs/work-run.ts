import type {CpuPool} from '../lanes/ports.ts';
import type {LanesSetup} from '../lanes/lanes.ts';
import type {Outcome} from '../lanes/outcome.ts';
import type {Run} from '../lanes/run.ts';
import {type Snapshot, emptySnapshot} from '../lanes/snapshot.ts';
import {TwolaneError} from '../lanes/errors.ts';
import {driveSession} from './drive.ts';
import {type RunReport, finishRun} from './finish.ts';
import {pullFrom} from './pull-from.ts';
import type {RunPorts} from './ports.ts';
import {replayOutcomes} from './replay.ts';
import {type Generation, type Standing, isSealed, latest, readStanding, totalOf, upTo} from './standing.ts';

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

/** Takes an outcome; what it returns is waited for. */
export type Emit = (outcome: Outcome) => Promise<void> | undefined;

/** One worker's session on a run: work, or iterate, once. */
export interface WorkingRun extends AsyncIterable<Outcome> {
	/** Works until the run has ended or something stops it. @returns how it stands then. */
	work(emit?: Emit): Promise<RunReport>;
	/** How the run stands after the work. */
	readonly report: RunReport | undefined;
	/** Takes no new item from now on, like a stop. */
	interrupt(): void;
	snapshot(): Snapshot;
}

/** Works on the open shards of a planned run until they are sealed or something stops it, then writes results and report. */
export function workRun(ports: RunPorts, runId: string, options: WorkOptions): WorkingRun {
	const view: View = {};
	// A consumer who breaks off wants what is in flight to end and to be kept, like any other stop.
	const breaking = new AbortController();
	const stop = options.stop ? AbortSignal.any([options.stop, breaking.signal]) : breaking.signal;
	const interrupt = (): void => breaking.abort('INTERRUPTED');

	async function work(emit: Emit = () => undefined): Promise<RunReport> {
		const found = await readStanding(ports, runId);
		const generation = latest(found);
		if (generation === undefined) throw new TwolaneError('INTERNAL', `run ${runId} is worked on before it is planned`);
		// A redrive that is asked for meanwhile is worked on by whoever plans it.
		const standing = upTo(found, generation.place.generation);
		view.standing = standing;
		if (options.isReplaying) await replay(ports, standing, {...options, stop, emit});
		view.report = isSealed(standing)
			? await finishRun(ports, standing, {limits: options.lanes.limits})
			: await workOn(ports, {standing, generation, view, emit}, {...options, stop});
		return view.report;
	}

	return {
		work,
		interrupt,
		[Symbol.asyncIterator]: () => pullFrom(work, {onBreak: interrupt}),
		snapshot: () => view.run?.snapshot() ?? emptySnapshot({total: view.standing && totalOf(view.standing)}),
		get report() {
			return view.report;
		},
	};
}

/** Tells what is known already, until somebody stops it. */
async function replay(ports: RunPorts, standing: Standing, {emit, stop, signal}: WorkOptions & {readonly emit: Emit}): Promise<void> {
	for await (const outcome of replayOutcomes(ports, standing)) {
		signal?.throwIfAborted();
		if (stop?.aborted) return;
		const taking = emit(outcome);
		if (taking) await taking;
	}
	signal?.throwIfAborted();
}

/** What others may see of the session. */
interface View {
	standing?: Standing;
	run?: Run;
	report?: RunReport;
}

interface Opened {
	readonly standing: Standing;
	readonly generation: Generation;
	readonly view: View;
	readonly emit: Emit;
}

async function workOn(ports: RunPorts, opened: Opened, options: WorkOptions): Promise<RunReport> {
	const {spec} = opened.standing;
	const {reason, session} = await driveSession(ports, opened, options);
	const shown = await session.show();
	const left = upTo(await readStanding(ports, spec.runId), opened.generation.place.generation);
	return await finishRun(ports, left, {reason, shown, limits: options.lanes.limits});
}
