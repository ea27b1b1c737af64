import {TwolaneError} from '../lanes/errors.ts';
import type {FlowDefinition} from '../lanes/flow.ts';
import type {ManifestSource} from '../manifest/plan-items.ts';
import {controlRun} from './control-run.ts';
import {readReport} from './finish.ts';
import {isCurrent, viewOf} from './get-run.ts';
import {type RunToPlan, planRun} from './plan-run.ts';
import type {RunPorts} from './ports.ts';
import {planRedrive} from './redrive-run.ts';
import type {PinnedSource, SessionOptions} from './spec.ts';
import {type Standing, isSealed, readStanding, sessionOf} from './standing.ts';
import {writeStableJson} from '../manifest/identify.ts';

export interface Readying {
	readonly flow: FlowDefinition;
	/** Limits and tolerance of this session; `undefined` keeps those in force. */
	readonly session?: SessionOptions | undefined;
	/** Opens what the items are made of; asked for only before there is a plan. */
	readonly open: (source: PinnedSource) => ManifestSource;
	/** Ends the planning with its reason. */
	readonly signal?: AbortSignal | undefined;
	readonly onItems?: RunToPlan['onItems'];
}

/**
 * Whatever it takes until somebody can work on a run: a plan where there is none, the word to go on where it was stopped. A run that has
 * ended stays as it is, unless a new tolerance makes its end another one. Harmless to repeat.
 */
export async function readyRun(ports: RunPorts, runId: string, {flow, session, open, signal, onItems}: Readying): Promise<Standing> {
	const before = await readStanding(ports, runId);
	const {k} = before.control;
	const standing = await planOpen(ports, before, {flow, open, signal, onItems});
	// A pause or cancel that came while we were planning was meant for us.
	if (standing.control.k > k && standing.control.state !== 'running') return standing;
	if (!(await isToldToGoOn(ports, standing, session))) return standing;
	await controlRun(ports, runId, {action: 'resume', session: session ?? sessionOf(standing)}).catch(passRefusal);
	return await readStanding(ports, runId);
}

/** Plans what has no plan yet: the run, or its redrive. */
export async function planOpen(
	ports: RunPorts,
	standing: Standing,
	{flow, open, signal, onItems}: Omit<Readying, 'session'>,
): Promise<Standing> {
	const {spec} = standing;
	let planned = standing;
	if (planned.generations.length === 0) {
		await planRun(ports, {spec, flow, sources: spec.sources.map(open), signal, onItems});
		planned = await readStanding(ports, spec.runId);
	}
	if (planned.unplanned?.redrive) {
		await planRedrive(ports, planned, {place: planned.unplanned.place, redrive: planned.unplanned.redrive});
		planned = await readStanding(ports, spec.runId);
	}
	return planned;
}

/** Somebody has ended the run meanwhile: there is nothing to tell it. */
function passRefusal(error: unknown): void {
	if (!(error instanceof TwolaneError && error.code === 'RUN_REFUSED')) throw error;
}

/** Whether the run needs a new word: it was stopped, or is to go on under other terms. */
async function isToldToGoOn(ports: RunPorts, standing: Standing, session: SessionOptions | undefined): Promise<boolean> {
	const {status, completionReason} = await viewOf(ports, standing);
	const isOther = session !== undefined && writeStableJson(session) !== writeStableJson(sessionOf(standing));
	if (isSealed(standing)) return completionReason === 'FAILURE_TOLERANCE_EXCEEDED' && isOther;
	if (status === 'CANCELLED') return false;
	const report = await readReport(ports, standing.spec.runId);
	const wasStopped = report !== undefined && isCurrent(report, standing);
	return wasStopped || standing.control.state !== 'running' || isOther;
}
