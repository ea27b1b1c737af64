import type {GateMeasurements, Measurements, Verdict} from './verdict.ts';

/** Two decimals: more would pretend to know. */
export const round = (value: number): number => Math.round(value * 100) / 100;

const MOST_WIDER = 4;
const MOST_ADVISED = 128;
// Tails, ramps and the noise of a second run: what a prediction leaves room for.
const PRUDENCE = 1.15;

/** The narrowest width that brings most of what widening can bring, and what it should bring. */
export function predictWider(measured: Measurements, gate: GateMeasurements): Pick<Verdict, 'advice' | 'prediction'> {
	const limit = gate.isAuto ? Math.max(1, Math.round(gate.inFlightMs / measured.wallMs)) : gate.limit;
	const widths = [2, 3, MOST_WIDER].map(factor => Math.min(limit * factor, MOST_ADVISED));
	const best = Math.min(...widths.map(width => wallAt(measured, gate, {width, limit})));
	const value = widths.find(width => wallAt(measured, gate, {width, limit}) <= best * 1.15) ?? limit;
	const speedup = round(measured.wallMs / (wallAt(measured, gate, {width: value, limit}) * PRUDENCE));
	if (value <= limit || speedup <= 1.05)
		return {advice: ['The latency of the other side is the limit; a wider IO lane would bring little.']};
	return {
		advice: [`Set --io ${value}: it should be about ${speedup.toFixed(1)} times as fast.`],
		prediction: {limit: 'ioConcurrency', value, speedup},
	};
}

/**
 * Wall time at another width: the waiting shrinks with the width, in whole rounds of calls (Little's law), what was neither
 * waiting nor computing stays, and the cores set the floor.
 */
function wallAt(
	{wallMs, cpuMs, cores}: Measurements,
	{inFlightMs, calls}: GateMeasurements,
	{width, limit}: {readonly width: number; readonly limit: number},
): number {
	const meanMs = inFlightMs / Math.max(1, calls);
	const restMs = Math.max(0, wallMs - (calls * meanMs) / limit);
	return Math.max(cpuMs / (0.9 * cores), restMs + Math.ceil(calls / width) * meanMs);
}
