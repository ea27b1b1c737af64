import type {Histogram, Meter} from '../../src/lanes/ports.ts';

/** A machine of which the test says how busy it is; its histograms are exact. */
export const fakeMeter = ({cores = 2, cpuMs = () => 0, eventLoopUtilization = () => 0}: Partial<Meter> = {}): Meter => ({
	cores,
	cpuMs,
	eventLoopUtilization,
	machineBusyRatio: () => undefined,
	histogram: exactHistogram,
});

function exactHistogram(): Histogram {
	const values: number[] = [];
	// The nearest rank.
	const percentile = (percent: number): number => values.toSorted((a, b) => a - b)[Math.ceil((percent / 100) * values.length) - 1] ?? 0;
	return {
		record: ms => void values.push(ms),
		summary: () => ({count: values.length, p50Ms: percentile(50), p95Ms: percentile(95), p99Ms: percentile(99)}),
	};
}
