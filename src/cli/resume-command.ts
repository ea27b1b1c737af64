import {createHash} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import type {Limits} from '../lanes/limits.ts';
import {setUpLanes, sessionOf as sessionOfOptions} from '../library.ts';
import {TwolaneError} from '../lanes/errors.ts';
import {takeRun} from '../local/begin-run.ts';
import type {Redriven} from '../runs/redrive-run.ts';
import {type RunSpec, type SessionOptions, sessionSchema} from '../runs/spec.ts';
import {isSealed, readStanding, sessionOf} from '../runs/standing.ts';
import {viewOf} from '../runs/get-run.ts';
import {openReaders, openS3Reader} from '../wire.ts';
import {s3Access} from './environment.ts';
import {type FoundRun, type PlaceFlags, findRun, stackOf} from './find-run.ts';
import {checkWords, interruption} from './failure.ts';
import {listenForInterrupt} from './interrupt.ts';
import {crashedRun} from './launcher.ts';
import {type LoadedFlow, loadFlow} from './load-flow.ts';
import {type OutputStyle, openOutput} from './output-style.ts';
import {plural} from './quantities.ts';
import {type SessionFlags, readSession} from './session-flags.ts';
import {workOnRun} from './work-on-run.ts';

export interface ResumeFlags extends PlaceFlags, SessionFlags {
	readonly json?: boolean;
	readonly quiet?: boolean;
}
export interface RedriveFlags extends ResumeFlags {
	readonly only?: readonly string[];
}

/** `twolane resume [RUN]` */
export async function resumeCommand(word: string | undefined, flags: ResumeFlags): Promise<number> {
	const style = openOutput(flags);
	return await resumeRun({word: crashedRun() ?? word, flags, style, stop: listenForInterrupt(line => style.note(line))});
}

/** `twolane redrive [RUN] [--only CODE]` */
export async function redriveCommand(word: string | undefined, flags: RedriveFlags): Promise<number> {
	const style = openOutput(flags);
	const stop = listenForInterrupt(line => style.note(line));
	const crashed = crashedRun();
	if (crashed !== undefined) return await resumeRun({word: crashed, flags, style, stop});
	const found = await findRun(word, flags);
	const {place, spec} = found;
	const stack = stackOf(found, flags);
	if (stack !== undefined) return await (await loadStackActions()).redriveOnStack(found, flags, {stack, style});
	style.note(describeRedrive(await place.runs.redriveRun(spec.runId, {only: flags.only})));
	return await resumeRun({word: place.folderOf(spec.runId), flags, style, stop});
}

/** What will be run again. */
export function describeRedrive({generation, items, isJoined, only}: Redriven): string {
	const what = `${plural(items, 'item')} to run again${only ? `, those that failed with ${only.join(' or ')}` : ''}`;
	return `Redrive ${generation}: ${what}${isJoined ? '; somebody asked for it before and it has not been done' : ''}`;
}

const loadStackActions = () => import('./on-stack/act-on-stack.ts');

export interface ResumeRequest {
	readonly word: string | undefined;
	readonly flags: ResumeFlags;
	readonly style: OutputStyle;
	readonly stop: AbortSignal;
}

/** Goes on with a run that is there, as its spec says. */
export async function resumeRun({word, flags, style, stop}: ResumeRequest): Promise<number> {
	const found = await findRun(word, flags);
	const {place, spec} = found;
	// After a crash the report may be all that is left to do.
	if (crashedRun() === undefined) await refuseEnded(found);
	const stack = stackOf(found, flags);
	if (stack !== undefined)
		return await (await loadStackActions()).resumeOnStack(found, {stack, style, session: await mergeSession(found, flags)});
	const {flow, extensions} = await loadFlowOf(spec);
	const session = await mergeSession(found, flags);
	const {allowOrigins} = spec;
	const begun = await takeRun({place, flow, extensions, allowOrigins, s3: openS3Reader(s3Access()), session, signal: stop}, spec).catch(
		(error: unknown) => {
			throw stop.aborted ? interruption('the list was read') : error;
		},
	);
	const {limits, ...rest} = session ?? sessionOf(begun.standing);
	const readers = await openReaders({allowOrigins, s3: s3Access()});
	// Checked when they were stored: undefined is no value.
	const allLimits = {...limits, maxBytes: spec.maxBytes} as Limits;
	const lanes = checkWords(() =>
		setUpLanes(flow, {...(rest as object), limits: allLimits, options: spec.options, readers, out: place.out}),
	);
	return await workOnRun({place, begun, lanes, session: session ?? sessionOf(begun.standing), style, stop});
}

async function refuseEnded({place, spec}: FoundRun): Promise<void> {
	const standing = await readStanding(place.ports, spec.runId);
	const {status, completionReason, itemCounts} = await viewOf(place.ports, standing);
	// What was cancelled and never sealed is ended by whoever takes it up.
	if (!isSealed(standing) || completionReason === 'FAILURE_TOLERANCE_EXCEEDED') return;
	const again = status === 'CANCELLED' ? 'what failed or is pending' : itemCounts.failed > 0 ? 'what failed' : undefined;
	const next = again ? `; redrive runs ${again} again` : '';
	throw new TwolaneError('RUN_REFUSED', `run ${spec.runId} has ended (${status}): there is nothing to resume${next}`);
}

/** The terms in force, with what the flags say on top; `undefined` when they say nothing. */
async function mergeSession({place, spec}: FoundRun, flags: SessionFlags): Promise<SessionOptions | undefined> {
	const given = sessionOfOptions(readSession(flags));
	const {limits, ...rest} = given;
	if (Object.keys(limits ?? {}).length === 0 && Object.keys(rest).length === 0) return undefined;
	const inForce = sessionOf(await readStanding(place.ports, spec.runId));
	return sessionSchema.parse({...inForce, ...rest, limits: {...inForce.limits, ...limits}});
}

async function loadFlowOf({flow, flowFile, runId}: RunSpec): Promise<LoadedFlow> {
	if (flowFile === undefined) return await loadFlow(flow);
	const loaded = await loadFlow(flowFile.path);
	const sha256 = createHash('sha256')
		.update(await readFile(flowFile.path))
		.digest('hex');
	if (sha256 === flowFile.sha256 && loaded.flow.name === flow) return loaded;
	throw new TwolaneError(
		'STATE_INVALID',
		`${flowFile.path} has changed since run ${runId} was created: its results would not fit together`,
	);
}
