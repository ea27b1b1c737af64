import {styleText} from 'node:util';
import type {Report} from '../lanes/snapshot.ts';
import {seconds} from './progress.ts';
import {plural} from './quantities.ts';

type Style = Parameters<typeof styleText>[0];

export interface SummaryPlaces {
	readonly out: string;
	readonly runFolder: string;
	/** The files that list what failed. */
	readonly failures: readonly string[];
	readonly repeats: number;
	/** The command that goes on with what is not done. */
	readonly next?: string | undefined;
}

/** What a person reads at the end: counts, times, top errors, the verdict, and where everything is. */
export function writeSummary(report: Report, places: SummaryPlaces, stream: NodeJS.WriteStream): string {
	const paint: Paint = (style, text) => styleText(style, text, {stream});
	const isEmpty = report.itemCounts.total === 0;
	return [
		'',
		...(isEmpty
			? ['Nothing to do: there are no items in what was given.']
			: [
					...countLines(report, places.repeats, paint),
					...stageLines(report),
					...errorLines(report, paint),
					...verdictLines(report, paint),
				]),
		'',
		...placeLines(places),
		'',
	].join('\n');
}

type Paint = (style: Style, text: string) => string;

function countLines(
	{itemCounts: {succeeded = 0, failed = 0, skipped = 0, pending = 0}, completionReason, wallSeconds, throughput}: Report,
	repeats: number,
	paint: Paint,
): string[] {
	const counts = [
		paint('green', `${succeeded} succeeded`),
		...(failed > 0 ? [paint('red', `${failed} failed`)] : []),
		...(skipped > 0 ? [`${skipped} skipped`] : []),
		...(pending > 0 ? [paint('yellow', `${pending} pending`)] : []),
	].join(', ');
	const ended = completionReason === 'ALL_COMPLETED' ? '' : `  ${paint('yellow', completionReason ?? '')}`;
	return [
		`${counts}  in ${wallSeconds < 100 ? `${wallSeconds.toFixed(1)} s` : seconds(wallSeconds)}, ${throughput.toFixed(1)} items/s${ended}`,
		...(repeats > 0 ? [`${plural(repeats, 'repeated source')} left out`] : []),
	];
}

function stageLines({stages}: Report): string[] {
	return Object.entries(stages)
		.filter(([name]) => name !== 'queue')
		.map(([name, {p50Ms, p95Ms}]) => `  ${name.padEnd(10)} p50 ${ms(p50Ms)}  p95 ${ms(p95Ms)}`);
}

const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`.padStart(8);

function errorLines({topErrors}: Report, paint: Paint): string[] {
	if (topErrors.length === 0) return [];
	return [
		'',
		...topErrors.flatMap(({code, count, example}) => [
			`${paint('red', `${count} x ${code}`)}  e.g. ${example.id}`,
			`    ${example.message}`,
		]),
	];
}

function verdictLines({verdict}: Report, paint: Paint): string[] {
	return [
		'',
		`verdict: ${paint('bold', verdict.bound)}`,
		...verdict.evidence.map(line => `  ${line}`),
		...verdict.advice.map(line => `  -> ${line}`),
	];
}

function placeLines({out, runFolder, next, failures: [first, ...more]}: SummaryPlaces): string[] {
	const failed = first === undefined ? [] : [`failed   ${first}${more.length > 0 ? ` and ${more.length} more` : ''}`];
	return [`results  ${out}`, ...failed, `run      ${runFolder}`, ...(next === undefined ? [] : [`next     ${next}`])];
}
