import {sessionOf, setUpLanes} from '../../library.ts';
import {createElsewhere} from '../../local/create-elsewhere.ts';
import {type Place, openPlace} from '../../local/place.ts';
import {writeStableJson} from '../../manifest/identify.ts';
import type {CreatedRun} from '../../runs/create-run.ts';
import {viewOf} from '../../runs/get-run.ts';
import type {SessionOptions} from '../../runs/spec.ts';
import {readStanding, sessionOf as sessionInForce} from '../../runs/standing.ts';
import {checkWords} from '../failure.ts';
import {tellOfOlderRun} from '../older-run.ts';
import type {OutputStyle} from '../output-style.ts';
import {isOver} from '../plan/same-command.ts';
import {type CommandRequest, explainReading, toRunRequest} from '../run-command.ts';
import {openPlaceAt} from '../run-place.ts';
import {withScratch} from '../scratch.ts';
import {findStack} from '../stack.ts';
import {describeRun} from '../status-command.ts';
import {tellEnd} from '../work-on-run.ts';
import {type StackFlags, checkStackFlags, readStackRequest} from './read-request.ts';
import {tellStarted} from './tell-started.ts';

/** `twolane run SOURCE... --on STACK`: creates the run in the stack's bucket and starts its orchestrator. @returns the exit code. */
export async function runOnStack(
	sources: readonly string[],
	flags: StackFlags,
	how: {readonly style: OutputStyle; readonly stop: AbortSignal},
): Promise<number> {
	checkStackFlags(flags);
	const stack = await findStack(flags.on);
	const {request} = await readStackRequest(sources, flags, {...how, stack});
	const {style} = how;
	const place = await openPlaceAt(request.where);
	const created = await create(place, request);
	await tellOfOlderRun(place, created, style);
	const {runId} = created.spec;
	const session = sessionOf(request.options);
	if (await isEnded(place, runId, session)) return await tellEnded(place, runId, {session, style});
	await stack.start(runId);
	await tellStarted(place, runId, {stack: stack.name, style});
	return 0;
}

async function create(place: Place, request: CommandRequest): Promise<CreatedRun> {
	const {flow, options, stop} = request;
	const {limits} = checkWords(() => setUpLanes(flow, {...options, readers: [], out: place.out}));
	try {
		return await withScratch(folder =>
			createElsewhere(toRunRequest(place, request, limits.maxBytes), openPlace({out: folder, state: folder}).ports.state),
		);
	} catch (error) {
		throw explainReading(error, stop);
	}
}

/** Whether there is nothing to do any more. A run that was stopped is told to go on. */
async function isEnded({ports, runs}: Place, runId: string, session: SessionOptions): Promise<boolean> {
	const standing = await readStanding(ports, runId);
	const view = await viewOf(ports, standing);
	if (isOver(standing, view, session)) return true;
	if (view.status === 'PENDING' || view.status === 'RUNNING') return false;
	const isOther = writeStableJson(session) !== writeStableJson(sessionInForce(standing));
	await runs.controlRun(runId, {action: 'resume', session: isOther ? session : undefined});
	return false;
}

const CANCELLED_EXIT_CODE = 4;

/** As of a run of this machine; one that was cancelled before it had any items has no report. */
async function tellEnded(
	place: Place,
	runId: string,
	{session, style}: {readonly session: SessionOptions; readonly style: OutputStyle},
): Promise<number> {
	const folder = place.folderOf(runId);
	const report = await place.runs.getReport(runId);
	if (report) return await tellEnd(report, {place, folder, style, session, isResumable: true});
	const view = await place.runs.getRun(runId);
	if (style.isJson) await style.print(JSON.stringify(view));
	else if (!style.isQuiet) await style.print(describeRun(view, {folder, stream: process.stdout}).join('\n'));
	return CANCELLED_EXIT_CODE;
}
