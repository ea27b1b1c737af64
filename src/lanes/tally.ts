import type {Outcome} from './outcome.ts';
import type {Histogram} from './ports.ts';

const stages = ['fetch', 'queue', 'transform', 'store'] as const;
type TimedStage = (typeof stages)[number];

export interface TopError {
	readonly code: string;
	readonly count: number;
	/** The first item that failed so, and why. */
	readonly example: {readonly id: string; readonly message: string};
}

/** What a run adds up while it goes: constant memory, whatever the number of items. */
export interface Tally {
	readonly counts: {started: number; succeeded: number; failed: number; skipped: number};
	bytesIn: number;
	bytesOut: number;
	/** Time that threads spent on tasks. */
	busyMs: number;
	addTime(stage: TimedStage, ms: number): void;
	addOutcome(outcome: Outcome): void;
	sumMs(stage: TimedStage): number;
	stages(): Readonly<Record<string, ReturnType<Histogram['summary']>>>;
	topErrors(): readonly TopError[];
}

// A flow's own codes are not bounded by our table.
const MOST_CODES = 100;
const TOP = 10;

export function createTally(histogram: () => Histogram): Tally {
	const histograms = new Map<TimedStage, Histogram>();
	const sums: Record<TimedStage, number> = {fetch: 0, queue: 0, transform: 0, store: 0};
	const errors = new Map<string, {count: number; readonly example: TopError['example']}>();
	const counts = {started: 0, succeeded: 0, failed: 0, skipped: 0};

	return {
		counts,
		bytesIn: 0,
		bytesOut: 0,
		busyMs: 0,
		addTime(stage, ms) {
			sums[stage] += ms;
			let times = histograms.get(stage);
			if (times === undefined) histograms.set(stage, (times = histogram()));
			times.record(ms);
		},
		addOutcome(outcome) {
			counts[outcome.status]++;
			if (outcome.status !== 'failed') return;
			const {code, message} = outcome.error;
			const known = errors.get(code);
			if (known) known.count++;
			else if (errors.size < MOST_CODES) errors.set(code, {count: 1, example: {id: outcome.id, message}});
		},
		sumMs: stage => sums[stage],
		stages: () => Object.fromEntries([...histograms].map(([stage, times]) => [stage, times.summary()])),
		topErrors: () =>
			[...errors]
				.map(([code, {count, example}]) => ({code, count, example}))
				.sort((a, b) => b.count - a.count)
				.slice(0, TOP),
	};
}
