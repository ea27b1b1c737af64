import {setTimeout as wait} from 'node:timers/promises';
import {styleText} from 'node:util';
import type {RunView} from '../runs/get-run.ts';
import {type PlaceFlags, findRun} from './find-run.ts';
import {listenForInterrupt} from './interrupt.ts';
import {openOutput} from './output-style.ts';
import {seconds} from './progress.ts';
import {showPath} from './run-place.ts';

export interface StatusFlags extends PlaceFlags {
	readonly watch?: boolean;
	readonly json?: boolean;
}

const WATCH_EVERY_MS = 2000;

/** `twolane status [RUN] [--watch]` */
export async function statusCommand(word: string | undefined, flags: StatusFlags): Promise<number> {
	const style = openOutput(flags);
	const {place, spec} = await findRun(word, flags);
	const stop = flags.watch ? listenForInterrupt(() => {}) : undefined;
	const folder = showPath(place.folderOf(spec.runId));
	for (;;) {
		const view = await place.runs.getRun(spec.runId);
		const text = style.isJson ? JSON.stringify(view) : describeRun(view, {folder, stream: process.stdout}).join('\n');
		await style.print(text);
		const isOver = view.status !== 'RUNNING' && view.status !== 'PENDING';
		// A stack sees by itself to a run that nobody works on.
		if (stop === undefined || isOver || (view.stalled && spec.stack === undefined)) return 0;
		// The reason of an abort is the person's: the last look was the last.
		await wait(WATCH_EVERY_MS, undefined, {signal: stop}).catch(() => {});
		if (stop.aborted) return 130;
	}
}

const colours = {PENDING: 'yellow', RUNNING: 'cyan', PAUSED: 'yellow', SUCCEEDED: 'green', FAILED: 'red', CANCELLED: 'yellow'} as const;

/** A run in a few lines. */
export function describeRun(view: RunView, {folder, stream}: {readonly folder: string; readonly stream: NodeJS.WriteStream}): string[] {
	const {status, completionReason, itemCounts, generation, throughput, etaSeconds, topErrors} = view;
	const paint = (text: string): string => styleText(colours[status], text, {stream});
	const why = completionReason && completionReason !== 'ALL_COMPLETED' && completionReason !== status ? `  ${completionReason}` : '';
	const stalled = view.stalled ? '  nobody works on it' : '';
	const {succeeded, failed, skipped, pending, total} = itemCounts;
	const counts = [`${succeeded} succeeded`, `${failed} failed`, ...(skipped > 0 ? [`${skipped} skipped`] : []), `${pending} pending`];
	const pace = [
		...(throughput > 0 ? [`${throughput.toFixed(1)} items/s`] : []),
		...(etaSeconds === undefined ? [] : [`${seconds(etaSeconds)} left`]),
	];
	return [
		`${paint(status)}${why}${stalled}  ${view.flow}${generation > 0 ? `, redrive ${generation}` : ''}`,
		`${counts.join(', ')} of ${total}${pace.length > 0 ? `  ${pace.join(', ')}` : ''}`,
		...(view.problem === undefined ? [] : [`problem  ${view.problem}`]),
		...topErrors.map(({code, count, example}) => `  ${count} x ${code}  e.g. ${example.id}`),
		`sources  ${view.sources.join(', ')}`,
		`created  ${view.createdAt}`,
		`run      ${folder}`,
	];
}
