import {randomBytes} from 'node:crypto';
import {join, resolve} from 'node:path';
import {sha256} from '../adapters/machine/machine.ts';
import {runFolder} from '../adapters/directory/run-folder.ts';
import type {FlowDefinition} from '../lanes/flow.ts';
import {type RunSetup, startRun} from '../lanes/run.ts';
import type {Report} from '../lanes/snapshot.ts';
import {type RunOptions, pickControls, setUpLanes} from '../library.ts';
import {parseItemLine, writeItemLine} from '../manifest/item-line.ts';
import {type ManifestSource, planItems} from '../manifest/plan-items.ts';
import type {RunFiles} from '../runs/files.ts';
import {layout} from '../runs/layout.ts';
import {toRow} from '../runs/row.ts';
import {type ResultFiles, type RowWriter, createRowWriter} from '../runs/row-writer.ts';
import {endingOf} from '../runs/status.ts';
import {openReaders, openStore} from '../wire.ts';
import {checkWords, interruption} from './failure.ts';
import type {OutputStyle} from './output-style.ts';
import {type Progress, showProgress} from './progress.ts';
import {openRunPlace, showPath} from './run-place.ts';
import {writeSummary} from './summary.ts';

/** A run as the command line has it: everything is known but the items. */
export interface RunRequest {
	readonly flow: FlowDefinition;
	readonly sources: readonly ManifestSource[];
	/** The sources as the person wrote them, for the record. */
	readonly sourceNames: readonly string[];
	readonly out: string;
	readonly state: string;
	readonly options: RunOptions<unknown>;
	readonly allowOrigins: readonly string[];
	readonly limit?: number | undefined;
	readonly skipInvalid: boolean;
	readonly style: OutputStyle;
	readonly stop: AbortSignal;
}

/** Plans the items, runs the lanes over them, keeps the rows, tells the end. @returns the exit code. */
export async function executeRun(request: RunRequest): Promise<number> {
	const {flow, options, stop, style} = request;
	const readers = await openReaders(request);
	const lanes = checkWords(() => setUpLanes(flow, {...options, readers}));
	const runId = randomBytes(13).toString('hex');
	const {folder, giveBack} = await openRunPlace({...request, runId});
	const files = runFolder(folder);
	const {total, repeats} = await plan(request, files).catch(async (error: unknown) => {
		await giveBack();
		throw stop.aborted ? interruption('the list was read') : error;
	});
	await files.write(layout.spec, `${JSON.stringify(describeSpec(request, runId), undefined, '\t')}\n`);
	const setup: RunSetup = {
		...lanes,
		...pickControls({...options, stop}),
		store: await openStore(request.out),
		runId,
		items: files.lines(layout.items),
		open: line => parseItemLine(line as string, flow),
		total,
	};
	const {report, resultFiles} = await drain(setup, createRowWriter({files, total}), {files, style, repeats});
	const {exitCode} = endOf(report, options);
	if (style.isJson) {
		await style.print(JSON.stringify({type: 'report', ...report, repeats}));
	} else if (!style.isQuiet) {
		const failures = resultFiles.FAILED.map(({key}) => showPath(join(folder, key)));
		await style.print(writeSummary(report, {out: showPath(request.out), runFolder: showPath(folder), failures, repeats}, process.stdout));
	}
	return exitCode;
}

/** Reads every source once, before the first fetch: what is wrong with them is found here. */
async function plan(
	{flow, sources, limit, skipInvalid}: RunRequest,
	files: RunFiles,
): Promise<{readonly total: number; readonly repeats: number}> {
	let total = 0;
	let repeats = 0;
	async function* lines(): AsyncGenerator<string> {
		for await (const batch of planItems(flow, sources, {sha256, skipInvalid, ...(limit !== undefined && {limit})})) {
			total += batch.items.length;
			repeats += batch.repeats;
			if (batch.items.length > 0) yield `${batch.items.map(writeItemLine).join('\n')}\n`;
		}
	}
	await files.writeAll(layout.items, lines());
	return {total, repeats};
}

function describeSpec({flow, sourceNames, out, options, limit, skipInvalid, allowOrigins}: RunRequest, runId: string): object {
	return {
		version: 1,
		runId,
		flow: flow.name,
		options: options.options ?? {},
		sources: sourceNames,
		out: resolve(out),
		limits: options.limits ?? {},
		limit,
		skipInvalid,
		allowOrigins,
		createdAt: new Date().toISOString(),
	};
}

interface Sinks {
	readonly files: RunFiles;
	readonly style: OutputStyle;
	readonly repeats: number;
}

/** Every outcome to its row and, with --json, to stdout; then the results manifest and the report. */
async function drain(
	setup: RunSetup,
	rows: RowWriter,
	{files, style, repeats}: Sinks,
): Promise<{readonly report: Report; readonly resultFiles: ResultFiles}> {
	const run = startRun(setup);
	const progress: Progress | undefined = style.isQuiet || style.isJson ? undefined : showProgress(() => run.snapshot(), process.stderr);
	style.noteThrough(progress?.note);
	try {
		for await (const outcome of run) {
			const printing = style.isJson ? style.print(JSON.stringify({type: 'outcome', ...toRow(outcome)})) : undefined;
			const writing = rows.add(outcome);
			if (printing ?? writing) await Promise.all([printing, writing]);
		}
	} finally {
		progress?.stop();
		style.noteThrough();
	}
	const report = await run.report();
	const {runId, flow, itemCounts, completionReason} = report;
	const resultFiles = await rows.finish();
	const results = {runId, flow, generation: 0, sealed: true, itemCounts, completionReason, resultFiles};
	await files.write(layout.results, `${JSON.stringify(results, undefined, '\t')}\n`);
	await files.write(layout.report, `${JSON.stringify({...report, repeats}, undefined, '\t')}\n`);
	return {report, resultFiles};
}

function endOf({completionReason = 'INTERRUPTED', itemCounts: {failed = 0}}: Report, options: RunOptions<unknown>) {
	const isTolerant = options.toleratedFailureCount !== undefined || options.toleratedFailurePercentage !== undefined;
	return endingOf(completionReason, {failed, isTolerant});
}
