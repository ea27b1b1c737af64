import {memoryBytes} from '../../adapters/machine/machine.ts';
import {type Limits, resolveLimits} from '../../lanes/limits.ts';
import {isolatedPool, setUpLanes} from '../../library.ts';
import {takeRun} from '../../local/begin-run.ts';
import {endSession} from '../../local/end-session.ts';
import type {Place} from '../../local/place.ts';
import {endCancelled} from '../../runs/end-cancelled.ts';
import {viewOf} from '../../runs/get-run.ts';
import {type Standing, isSealed, readStanding, sessionOf} from '../../runs/standing.ts';
import {type WorkingRun, workRun} from '../../runs/work-run.ts';
import {openReaders, openS3Reader} from '../../wire.ts';
import {s3Access} from '../environment.ts';
import {loadFlow} from '../load-flow.ts';

/** An interrupted server is gone within 5 s: what is in flight then stays pending. */
const DRAIN_MS = 2500;

export interface ServedWork {
	/** Take no new item, drain. */
	readonly stop: AbortSignal;
	/** Told when the work on items begins. */
	readonly onWork?: (run: WorkingRun) => void;
	/** Default: the flows of this version. */
	readonly openFlow?: typeof loadFlow;
}

/** Does for a run what its records say is to be done now: goes on with it, ends it, or nothing. */
export async function workOnServedRun(place: Place, runId: string, work: ServedWork): Promise<void> {
	const {ports} = place;
	const standing = await readStanding(ports, runId);
	const {status, completionReason} = await viewOf(ports, standing);
	// What was told last may have changed what the end means.
	if (isSealed(standing)) return void (await place.runs.getReport(runId));
	if (status === 'CANCELLED') return await sealCancelled(place, standing);
	// A server that was stopped goes on with its runs when it is there again.
	if (status === 'PENDING' || status === 'RUNNING' || completionReason === 'INTERRUPTED') await goOn(place, standing, work);
}

async function sealCancelled(place: Place, standing: Standing): Promise<void> {
	const {spec} = standing;
	const release = await place.own(spec.runId);
	const limits = resolveLimits({}, {memoryBytes: memoryBytes()});
	await endCancelled(place.ports, spec.runId, {limits}).finally(() => endSession(place, {spec, isNew: false, standing, release}));
}

async function goOn(place: Place, {spec}: Standing, {stop, onWork, openFlow = loadFlow}: ServedWork): Promise<void> {
	const {flow, extensions} = await openFlow(spec.flow);
	const {allowOrigins, runId, options} = spec;
	const begun = await takeRun(
		{place, flow, extensions, allowOrigins, s3: openS3Reader(s3Access()), session: undefined, signal: stop},
		spec,
	);
	try {
		const {limits, ...terms} = sessionOf(begun.standing);
		const readers = await openReaders({allowOrigins, s3: s3Access()});
		// Checked when they were stored: undefined is no value.
		const allLimits = {...limits, maxBytes: spec.maxBytes} as Limits;
		const lanes = setUpLanes(flow, {...(terms as object), limits: allLimits, options, readers, out: place.out});
		const run = workRun(place.ports, runId, {lanes, stop, drainMs: DRAIN_MS, isolatedPool});
		onWork?.(run);
		await run.work();
	} finally {
		await endSession(place, begun);
	}
}
