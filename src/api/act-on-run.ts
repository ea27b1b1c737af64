import type {RunPorts} from '../runs/ports.ts';
import type {SessionOptions} from '../runs/spec.ts';
import {isSealed, readStanding, sessionOf} from '../runs/standing.ts';
import {sessionOf as sessionOfRequest} from './create-over-http.ts';
import type {ResumeRequest} from './request-schemas.ts';
import type {ApiSetup} from './setup.ts';

/** Whoever works on a cancelled run hears of it within 5 s and drains. */
const SEALED_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 250;

export async function pauseRun({runs}: ApiSetup, runId: string): Promise<void> {
	await runs.controlRun(runId, {action: 'pause'});
}

/** A run that nobody works on is sealed by whoever is started. */
export async function cancelRun({runs, start}: ApiSetup, runId: string): Promise<void> {
	await runs.controlRun(runId, {action: 'cancel'});
	await start(runId);
}

/** New terms are for a run that was stopped: one that goes on keeps its own. */
export async function resumeRun({runs, ports, start}: ApiSetup, runId: string, terms: ResumeRequest): Promise<void> {
	const {status} = await runs.getRun(runId);
	const isGoingOn = status === 'PENDING' || status === 'RUNNING';
	const session = isGoingOn ? undefined : await mergeTerms(ports, runId, terms);
	await runs.controlRun(runId, {action: 'resume', session});
	await start(runId);
}

/** The terms in force with the new ones on top; `undefined` when there are no new ones. */
async function mergeTerms(ports: RunPorts, runId: string, terms: ResumeRequest): Promise<SessionOptions | undefined> {
	const {limits, ...given} = sessionOfRequest(terms);
	if (limits === undefined && Object.keys(given).length === 0) return undefined;
	const inForce = sessionOf(await readStanding(ports, runId));
	return {...inForce, ...given, ...((limits ?? inForce.limits) && {limits: {...inForce.limits, ...limits}})};
}

export async function redriveRun(setup: ApiSetup, runId: string, {only}: {readonly only?: readonly string[] | undefined}): Promise<void> {
	await waitUntilSealed(setup, runId);
	await setup.runs.redriveRun(runId, {only});
	await setup.start(runId);
}

/** A run is CANCELLED from the moment it was told to be; only when it is sealed it is known what there is to run again. */
async function waitUntilSealed({ports, start}: ApiSetup, runId: string): Promise<void> {
	const untilMs = ports.clock.nowMs() + SEALED_WITHIN_MS;
	for (let isStarted = false; ports.clock.nowMs() < untilMs; isStarted = true) {
		const standing = await readStanding(ports, runId);
		const isEnding = standing.control.state === 'cancelled' && standing.generations.length > 0 && !isSealed(standing);
		if (!isEnding) return;
		if (isStarted) await new Promise<void>(resolve => void ports.clock.after(LOOK_EVERY_MS, resolve));
		else await start(runId);
	}
}
