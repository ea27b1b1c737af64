import type {WaitReason} from './gate.ts';
import {predictWider, round} from './prediction.ts';
import type {Plateau} from './width.ts';

export type Bound = 'io-bound' | 'cpu-bound' | 'origin-throttled' | 'store-bound' | 'network-bound' | 'memory-bound' | 'balanced';

/** What a change would give: `speedup` 1.8 is 1.8 times as many items in the same time. */
export interface Prediction {
	readonly limit: string;
	readonly value: number;
	readonly speedup: number;
}

/** What held the run back, why we think so, and what to do. `prediction` belongs to `advice[0]`. */
export interface Verdict {
	readonly bound: Bound;
	readonly evidence: readonly string[];
	readonly advice: readonly string[];
	readonly prediction?: Prediction;
}

/** Our own numbers of one run, from its first item on. */
export interface Measurements {
	readonly wallMs: number;
	readonly items: number;
	readonly cores: number;
	/** CPU time of the process, all threads. */
	readonly cpuMs: number;
	/** How busy the cores were with all programs of the machine, 0 to 1, where it is known. */
	readonly machineBusyRatio?: number | undefined;
	/** How busy the main thread's event loop was, 0 to 1. */
	readonly eventLoopUtilization: number;
	readonly bytesIn: number;
	readonly inFlightBytes: number;
	readonly fetch: GateMeasurements;
	readonly store: GateMeasurements;
	/** `undefined` when the flow has no transform. */
	readonly cpu?: {readonly threads: number; readonly isAuto: boolean; readonly busyMs: number; readonly p50Ms: number} | undefined;
}

export interface GateMeasurements {
	readonly calls: number;
	readonly limit: number;
	readonly isAuto: boolean;
	readonly inFlightMs: number;
	readonly waitedMs: Readonly<Record<WaitReason, number>>;
	readonly p50Ms: number;
	readonly p95Ms: number;
	readonly throttles: number;
	readonly lowestCeiling: number;
	readonly plateau?: Plateau | undefined;
}

const percent = (ratio: number): string => `${Math.round(100 * Math.min(1, ratio))} %`;
const ms = (value: number): string => (value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`);
const count = (value: number, noun: string): string => `${value} ${noun}${value === 1 ? '' : 's'}`;

// Below these shares of the run a cause is not what holds it back.
const FULL = 0.75;
const SHORTEST_MS = 100;
// Loading modules keeps the main thread busy for the better part of a second: that says nothing about the items.
const SHORTEST_FOR_MAIN_THREAD_MS = 1000;
const OFTEN = 0.3;
const FEWEST_THROTTLES = 3;
const THROTTLED_SHARE = 0.02;
// The guide's rule: a full pool on cores that are less busy than this waits for something: hidden IO.
const HIDDEN_IO_BELOW = 0.7;

type Judge = (measured: Measurements) => Verdict | undefined;

/** The first cause that explains the run. The order matters: a throttled origin also looks IO-bound, a full CPU lane also idles the gate. */
export function judge(measured: Measurements): Verdict {
	if (measured.items === 0 || measured.wallMs <= 0) return {bound: 'balanced', evidence: ['nothing has run yet'], advice: []};
	if (measured.wallMs < SHORTEST_MS) return {bound: 'balanced', evidence: [`${ms(measured.wallMs)} are too short to judge`], advice: []};
	for (const look of [
		judgeThrottling,
		judgeThreads,
		judgeMemory,
		judgeStore,
		judgeNetwork,
		judgeWaiting,
		judgeMainThread,
	] satisfies Judge[]) {
		const verdict = look(measured);
		if (verdict) return verdict;
	}
	return {
		bound: 'balanced',
		evidence: [coresLine(measured), ...(measured.fetch.calls > 0 ? [fetchLine(measured)] : [])],
		advice: ['Nothing stands out; a larger run tells more.'],
	};
}

const coresBusy = ({cpuMs, cores, wallMs}: Measurements): number => cpuMs / (cores * wallMs);
const coresLine = (measured: Measurements): string => `${count(measured.cores, 'core')} ${percent(coresBusy(measured))} busy`;
const fetchLine = ({fetch, wallMs}: Measurements): string =>
	`${(fetch.inFlightMs / wallMs).toFixed(1)} of ${fetch.limit} fetches in flight on average, p50 ${ms(fetch.p50Ms)}, p95 ${ms(fetch.p95Ms)}`;

function judgeThrottling(measured: Measurements): Verdict | undefined {
	const {fetch, wallMs} = measured;
	const isOften =
		fetch.throttles >= FEWEST_THROTTLES && (fetch.throttles >= THROTTLED_SHARE * fetch.calls || fetch.waitedMs.host > OFTEN * wallMs);
	if (!isOften) return undefined;
	const width = Number.isFinite(fetch.lowestCeiling) ? fetch.lowestCeiling : undefined;
	return {
		bound: 'origin-throttled',
		evidence: [
			`the origin refused ${count(fetch.throttles, 'call')} of ${fetch.calls} with 429 or 503`,
			...(width === undefined ? [] : [`it takes about ${width} at once; the gate narrowed to that`]),
			coresLine(measured),
		],
		advice: [
			width === undefined
				? 'Ask the origin for a higher rate, or lower --per-host.'
				: `Ask the origin for a higher rate; until then --per-host ${width} saves the refused calls.`,
		],
	};
}

function judgeThreads(measured: Measurements): Verdict | undefined {
	const {cpu, wallMs, fetch} = measured;
	if (cpu === undefined) return undefined;
	const lane = cpu.busyMs / (cpu.threads * wallMs);
	const busy = coresBusy(measured);
	const isFull = lane > FULL || fetch.waitedMs.cpu > 0.5 * wallMs || (busy > FULL && lane > 0.5 && fetch.waitedMs.width < OFTEN * wallMs);
	if (!isFull) return undefined;
	const evidence = [
		`${count(cpu.threads, 'thread')} ${percent(lane)} full, ${coresLine(measured)}`,
		`a transform takes ${ms(cpu.p50Ms)} (p50)`,
	];
	if (busy >= HIDDEN_IO_BELOW) {
		return {bound: 'cpu-bound', evidence, advice: ['More cores, or a cheaper transform; more threads or a wider IO lane will not help.']};
	}
	if ((measured.machineBusyRatio ?? 0) > FULL) {
		return {
			bound: 'cpu-bound',
			evidence: [...evidence, `other programs use the rest: the machine is ${percent(measured.machineBusyRatio ?? 0)} busy`],
			advice: ['Run it on a machine that is not used by others; more threads would only wait longer.'],
		};
	}
	const threads = cpu.threads * 2;
	return {
		bound: 'cpu-bound',
		evidence: [...evidence, 'the threads are full but the cores are not: the transform waits for something'],
		advice: [`Move what the transform waits for to fetch or store, or try --threads ${threads}.`],
		prediction: {limit: 'threads', value: threads, speedup: round(Math.min(2, 0.9 / Math.max(busy, 0.05)))},
	};
}

function judgeMemory(measured: Measurements): Verdict | undefined {
	const {fetch, wallMs, inFlightBytes} = measured;
	if (fetch.waitedMs.bytes <= OFTEN * wallMs) return undefined;
	return {
		bound: 'memory-bound',
		evidence: [
			`fetches waited for room in memory ${percent(fetch.waitedMs.bytes / wallMs)} of the time`,
			`${megabytes(inFlightBytes)} may be in flight`,
		],
		advice: [`Raise --in-flight to ${megabytes(2 * inFlightBytes)} if the machine has it.`],
	};
}

function judgeStore(measured: Measurements): Verdict | undefined {
	const {store, fetch, wallMs} = measured;
	const isFull = store.waitedMs.width + store.waitedMs.host > OFTEN * wallMs;
	if (!isFull || store.inFlightMs < fetch.inFlightMs / 2) return undefined;
	return {
		bound: 'store-bound',
		evidence: [
			`${(store.inFlightMs / wallMs).toFixed(1)} of ${store.limit} stores in flight on average, p50 ${ms(store.p50Ms)}`,
			coresLine(measured),
		],
		...predictWider(measured, store),
	};
}

function judgeNetwork(measured: Measurements): Verdict | undefined {
	const {fetch, bytesIn, wallMs, items} = measured;
	const {plateau} = fetch;
	const isHeavy = bytesIn / items > 64 * 1024;
	if (plateau === undefined || !isHeavy || fetch.inFlightMs < 0.5 * fetch.limit * wallMs) return undefined;
	return {
		bound: 'network-bound',
		evidence: [
			`${megabytes((bytesIn / wallMs) * 1000)}/s came in`,
			`${plateau.to} at once instead of ${plateau.from} changed the throughput by ${Math.round(100 * plateau.gain)} %`,
		],
		advice: ['The line or the origin is full: a wider IO lane will not help; move closer, or fetch smaller files.'],
	};
}

function judgeWaiting(measured: Measurements): Verdict | undefined {
	const {fetch, wallMs} = measured;
	const isWaiting = fetch.waitedMs.width + fetch.waitedMs.host > OFTEN * wallMs || fetch.inFlightMs > 0.5 * wallMs;
	if (!isWaiting || coresBusy(measured) > FULL || measured.eventLoopUtilization > 0.9) return undefined;
	const isFull = fetch.waitedMs.width > OFTEN * wallMs;
	return {
		bound: 'io-bound',
		evidence: [
			fetchLine(measured),
			`${coresLine(measured)}${measured.cpu ? `, threads ${percent(measured.cpu.busyMs / (measured.cpu.threads * wallMs))} full` : ''}`,
		],
		...(isFull
			? predictWider(measured, fetch)
			: {
					advice: [
						fetch.calls <= fetch.limit
							? 'Every item was in flight at once: the run takes as long as its slowest answers.'
							: 'The IO lane had room: the time goes into single slow answers and the waits between tries.',
					],
				}),
	};
}

function judgeMainThread(measured: Measurements): Verdict | undefined {
	if (measured.eventLoopUtilization <= 0.85 || measured.wallMs < SHORTEST_FOR_MAIN_THREAD_MS) return undefined;
	return {
		bound: 'cpu-bound',
		evidence: [`the main thread was ${percent(measured.eventLoopUtilization)} busy`, coresLine(measured)],
		advice: [
			measured.cpu
				? 'Do less in fetch and store: they share one thread.'
				: 'Move the computing to a transform, so that it runs on the threads.',
		],
	};
}

const megabytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(bytes < 10 * 1024 * 1024 ? 1 : 0)} MiB`;
