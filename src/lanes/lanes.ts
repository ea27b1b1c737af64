import {type ByteGate, createByteGate} from './bytes.ts';
import type {FlowDefinition} from './flow.ts';
import {type Gate, createGate} from './gate.ts';
import type {ResolvedLimits} from './limits.ts';
import type {Clock, CpuPool, Meter, Reader, Store} from './ports.ts';
import {type LiveCalls, createLiveCalls} from './live-calls.ts';
import {type RetryBudget, createRetryBudget} from './retry.ts';
import {type Shutdown, createShutdown} from './shutdown.ts';
import {type Tally, createTally} from './tally.ts';
import {type Width, adaptiveWidth, fixedWidth} from './width.ts';

/** What the lanes of one run are made of: everything from outside is an argument. */
export interface LanesSetup {
	readonly flow: FlowDefinition;
	/** Already through the flow's schema; `undefined` when it has none. */
	readonly options: unknown;
	readonly limits: ResolvedLimits;
	readonly attempts: number;
	readonly readers: readonly Reader[];
	readonly store?: Store | undefined;
	/** Asked for at the first transform only. */
	readonly pool: () => CpuPool;
	readonly clock: Clock;
	readonly meter: Meter;
	readonly random: () => number;
	readonly sha256: (text: string) => string;
}

/** The two lanes of one run while it goes on. */
export interface Lanes extends LanesSetup {
	readonly gates: {readonly fetch: Gate; readonly store: Gate};
	readonly bytes: ByteGate;
	readonly budget: RetryBudget;
	readonly tally: Tally;
	readonly shutdown: Shutdown;
	readonly liveCalls: LiveCalls;
	/** Tasks of this run on a thread or waiting for one. */
	readonly backlog: {tasks: number};
	/** Buffers that our readers made: these, and no others, are moved to a thread. */
	readonly ownBuffers: WeakSet<ArrayBuffer>;
	readonly startedMs: number;
}

// What a kind of source takes well before anything is known about it; a disk thrashes where the web yawns.
const startWidth = (host: string): number => (host.startsWith('file:') ? 4 : host.startsWith('s3:') ? 32 : 16);
const MOST_WIDTH = 128;

/** Opens the lanes of one run; nothing starts yet. */
export function openLanes(setup: LanesSetup): Lanes {
	const {limits, clock, flow} = setup;
	const {ioConcurrency} = limits;
	const openWidth = (host: string): Width =>
		ioConcurrency === 'auto' ? adaptiveWidth({start: startWidth(host), most: MOST_WIDTH}) : fixedWidth(ioConcurrency);
	const backlog = {tasks: 0};
	const isCpuFull = (): boolean => {
		if (flow.transform === undefined) return false;
		// Our own tasks alone: the end of another run's task would not wake our gate.
		const pool = setup.pool();
		return backlog.tasks >= pool.threads + pool.backlog;
	};
	const bytes = createByteGate({limitBytes: limits.inFlightBytes, onFree: () => fetch.pump()});
	const isOutOfRoom = (): boolean => bytes.isFull || bytes.usedBytes >= limits.inFlightBytes;
	const fetch = createGate({
		openWidth,
		perHost: limits.ioConcurrencyPerHost,
		clock,
		hold: () => (isCpuFull() ? 'cpu' : isOutOfRoom() ? 'bytes' : undefined),
	});
	const shutdown = createShutdown(clock);
	const liveCalls = createLiveCalls({clock, limitMs: limits.fetchTimeoutMs});
	shutdown.onAbandon(reason => liveCalls.endAll(reason));
	const store = createGate({openWidth, perHost: 'auto', clock});
	shutdown.onAbandon(() => {
		fetch.shut();
		store.shut();
	});
	return {
		...setup,
		gates: {fetch, store},
		bytes,
		budget: createRetryBudget(),
		tally: createTally(() => setup.meter.histogram()),
		shutdown,
		liveCalls,
		backlog,
		ownBuffers: new WeakSet(),
		startedMs: clock.nowMs(),
	};
}
