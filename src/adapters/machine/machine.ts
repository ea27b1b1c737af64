import {hash} from 'node:crypto';
import {availableParallelism, cpus, totalmem} from 'node:os';
import {type RecordableHistogram, createHistogram} from 'node:perf_hooks';
import type {Clock, Histogram, Meter} from '../../lanes/ports.ts';

/** The process's own monotonic time. */
export const clock: Clock = {
	nowMs: () => performance.now(),
	after(ms, callback) {
		const timer = setTimeout(callback, ms);
		return () => clearTimeout(timer);
	},
};

/** Counts this process from now on. */
export function openMeter(): Meter {
	const before = performance.eventLoopUtilization();
	const coresBefore = readCores();
	return {
		// libuv counts the cgroup's quota in.
		cores: availableParallelism(),
		cpuMs() {
			const {user, system} = process.cpuUsage();
			return (user + system) / 1000;
		},
		machineBusyRatio() {
			const now = readCores();
			const totalMs = now.totalMs - coresBefore.totalMs;
			return totalMs > 0 ? 1 - (now.idleMs - coresBefore.idleMs) / totalMs : undefined;
		},
		eventLoopUtilization: () => performance.eventLoopUtilization(before).utilization,
		histogram: openHistogram,
	};
}

function readCores(): {readonly idleMs: number; readonly totalMs: number} {
	const times = cpus().map(core => core.times);
	const sum = (pick: (time: (typeof times)[number]) => number): number => times.reduce((total, time) => total + pick(time), 0);
	return {idleMs: sum(({idle}) => idle), totalMs: sum(({user, nice, sys, idle, irq}) => user + nice + sys + idle + irq)};
}

const US_PER_MS = 1000;

// Node's histogram takes whole numbers from 1: microseconds.
function openHistogram(): Histogram {
	const histogram: RecordableHistogram = createHistogram();
	return {
		record: ms => histogram.record(Math.max(1, Math.round(ms * US_PER_MS))),
		summary: () => ({
			count: histogram.count,
			p50Ms: histogram.percentile(50) / US_PER_MS,
			p95Ms: histogram.percentile(95) / US_PER_MS,
			p99Ms: histogram.percentile(99) / US_PER_MS,
		}),
	};
}

/** Memory that this process may use: the cgroup's limit where there is one. */
export function memoryBytes(): number {
	const constrained = process.constrainedMemory();
	return constrained > 0 && constrained < totalmem() ? constrained : totalmem();
}

/** Lower-case hex. */
export const sha256 = (text: string): string => hash('sha256', text);
