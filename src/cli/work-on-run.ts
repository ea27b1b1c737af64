import type {LanesSetup} from '../lanes/lanes.ts';
import {createTolerance} from '../lanes/tolerance.ts';
import {isolatedPool} from '../library.ts';
import type {BegunRun} from '../local/begin-run.ts';
import {endSession} from '../local/end-session.ts';
import type {Place} from '../local/place.ts';
import {type RunReport, readResults} from '../runs/finish.ts';
import {toRow} from '../runs/row.ts';
import type {SessionOptions} from '../runs/spec.ts';
import {isTolerant} from '../runs/standing.ts';
import {placeOf} from '../runs/stored-json.ts';
import {endingOf} from '../runs/status.ts';
import {type WorkingRun, workRun} from '../runs/work-run.ts';
import {commandName, crashedRun, quote, tellLauncher} from './launcher.ts';
import type {OutputStyle} from './output-style.ts';
import {type Progress, showProgress} from './progress.ts';
import {showPath} from './run-place.ts';
import {writeSummary} from './summary.ts';

export interface WorkRequest {
	readonly place: Place;
	readonly begun: BegunRun;
	readonly lanes: LanesSetup;
	/** Whether failures are tolerated is the command's to say, also of a run that has ended. */
	readonly session: SessionOptions;
	readonly style: OutputStyle;
	readonly stop: AbortSignal;
	/** Whether the same run can be gone on with: a demo's web server is gone with its process. */
	readonly isResumable?: boolean | undefined;
}

/** An interrupted command is gone within 5 s: what is in flight then stays pending. */
const DRAIN_MS = 2500;
const TELL_EVERY_MS = 500;

/** Works on the run until it has ended or is stopped, shows how it goes and how it went. @returns the exit code. */
export async function workOnRun({place, begun, lanes, session, style, stop, isResumable = true}: WorkRequest): Promise<number> {
	const {runId} = begun.spec;
	const folder = place.folderOf(runId);
	const isAfterCrash = crashedRun() !== undefined;
	const run = workRun(place.ports, runId, {
		lanes,
		stop,
		drainMs: DRAIN_MS,
		// The process that crashed has printed what it kept.
		isReplaying: style.isJson && !isAfterCrash,
		...(isAfterCrash && {isolatedPool}),
	});
	const report = await watch(run, {style, folder: isResumable ? folder : undefined}).finally(() => endSession(place, begun));
	return await tellEnd(report, {place, folder, style, isResumable, session});
}

/** Says how a run has ended, by the terms of this command. @returns the exit code. */
export async function tellEnd(report: RunReport, {session, ...where}: Ended & Pick<WorkRequest, 'session'>): Promise<number> {
	const {exitCode, ...judged} = judge(report, session);
	await printEnd({...report, ...judged}, where);
	return exitCode;
}

/** How the run ended by the terms of this command: one that had ended before stays as it is, and may have had others. */
function judge({completionReason: reason, itemCounts: {failed = 0, total}}: RunReport, session: SessionOptions) {
	const {toleratedFailureCount: count, toleratedFailurePercentage: percentage} = session;
	const isExceeded = createTolerance({count, percentage, total}).isExceeded({failed, finished: total ?? 0, isComplete: true});
	const completionReason = reason === 'ALL_COMPLETED' && isExceeded ? 'FAILURE_TOLERANCE_EXCEEDED' : reason;
	return {completionReason, ...endingOf(completionReason, {failed, isTolerant: isTolerant(session)})};
}

/** Every outcome to stdout with --json; else a bar, or lines, to stderr. */
async function watch(
	run: WorkingRun,
	{style, folder}: {readonly style: OutputStyle; readonly folder: string | undefined},
): Promise<RunReport> {
	const progress: Progress | undefined = style.isQuiet || style.isJson ? undefined : showProgress(() => run.snapshot(), process.stderr);
	style.noteThrough(progress?.note);
	if (folder !== undefined) tellLauncher({run: folder});
	// At the beginning, too: a crash may come before the first turn of the clock.
	const tell = (): void => tellLauncher({settled: countSettled(run)});
	const telling = setInterval(tell, TELL_EVERY_MS);
	setImmediate(tell);
	try {
		return await run.work(style.isJson ? outcome => style.print(JSON.stringify({type: 'outcome', ...toRow(outcome)})) : undefined);
	} finally {
		clearInterval(telling);
		tellLauncher({done: true});
		progress?.stop();
		style.noteThrough();
	}
}

function countSettled(run: WorkingRun): number {
	const {succeeded = 0, failed = 0, skipped = 0} = run.snapshot().itemCounts;
	return succeeded + failed + skipped;
}

interface Ended {
	readonly place: Place;
	readonly folder: string;
	readonly style: OutputStyle;
	readonly isResumable: boolean;
}

/** The report as a line of JSON, or as a person reads it. */
async function printEnd(report: RunReport, {place, folder, style, isResumable}: Ended): Promise<void> {
	if (style.isJson) return await style.print(JSON.stringify({type: 'report', ...report}));
	if (style.isQuiet) return undefined;
	const failures = await listFailures(place, report.runId);
	const next = isResumable ? nextCommand(report, showPath(folder)) : undefined;
	const places = {out: showPath(placeOf(place.out, '')), runFolder: showPath(folder), failures, repeats: report.repeats, next};
	await style.print(writeSummary(report, places, process.stdout));
}

/** What a person would do next about a run that is not all done. */
function nextCommand({status, completionReason, itemCounts: {failed = 0, pending = 0}}: RunReport, folder: string): string | undefined {
	const call = (words: string): string => `${commandName()} ${words} ${quote(folder)}`;
	if (status === 'PAUSED') return call('resume');
	if (completionReason === 'FAILURE_TOLERANCE_EXCEEDED' && pending > 0) return `${call('resume')} --tolerated-failure-count N`;
	return failed > 0 || status === 'CANCELLED' ? call('redrive') : undefined;
}

async function listFailures(place: Place, runId: string): Promise<string[]> {
	const results = await readResults(place.ports, runId);
	return (results?.resultFiles.FAILED ?? []).map(({key}) => showPath(place.folderOf(runId) + key));
}
