import type {Source, Task} from './flow.ts';
import type {TwolaneError} from './errors.ts';

/** Monotonic time, so that tests drive it and nothing depends on the wall clock. */
export interface Clock {
	nowMs(): number;
	/** Calls back once after `ms`; returns the cancel. */
	after(ms: number, callback: () => void): () => void;
}

/** One distribution of durations, kept in constant memory. */
export interface Histogram {
	record(ms: number): void;
	summary(): {readonly count: number; readonly p50Ms: number; readonly p95Ms: number; readonly p99Ms: number};
}

/** What only the platform knows about this process. */
export interface Meter {
	readonly cores: number;
	/** CPU time of the whole process, all threads, in milliseconds. */
	cpuMs(): number;
	/** Share of the machine's cores that all programs together used since the start, 0 to 1; `undefined` where nobody knows. */
	machineBusyRatio(): number | undefined;
	/** Share of the time since `start` that the main thread's event loop was busy, 0 to 1. */
	eventLoopUtilization(): number;
	histogram(): Histogram;
}

/** What a reader gets beside the source. */
export interface ReadContext {
	readonly signal: AbortSignal;
	readonly maxBytes: number;
	/**
	 * Called with the length as soon as it is known, and again if it grows; resolves when that many bytes fit into
	 * `inFlightBytes`. Allocate after it.
	 */
	reserve(bytes: number): Promise<void>;
}

/** Reads one kind of source whole, into memory that it allocated itself, one buffer per call, so that it can be moved to a thread. */
export interface Reader {
	readonly scheme: 'url' | 's3' | 'file';
	read(source: Source, context: ReadContext): Promise<Uint8Array<ArrayBuffer>>;
}

/** Where outputs go. */
export interface Store {
	readonly uri: string;
	/** Writes the object whole or not at all; `key` has `/` between its parts and is already safe, `n` is the item's ordinal. */
	put(
		key: string,
		body: Uint8Array,
		options: {readonly contentType?: string; readonly signal: AbortSignal; readonly n?: number},
	): Promise<{readonly sha256: string}>;
}

/** One trip to a thread. */
export interface CpuCall {
	readonly file: URL;
	readonly timeoutMs: number;
	readonly input: unknown;
	readonly task: Task;
	/** Buffers to move instead of copying. */
	readonly transfer: readonly ArrayBuffer[];
	/** Wait until no task is in flight, then run in a fresh thread of its own. */
	readonly alone: boolean;
}

/** How the trip ended, as data: class and code of an Error do not survive the thread border. */
export type CpuEnding =
	| {readonly ok: true; readonly value: unknown; readonly queueMs: number; readonly runMs: number}
	| {readonly ok: false; readonly error: TwolaneError; readonly queueMs: number; readonly runMs: number};

/** The threads of the CPU lane. One pool serves every flow of the process. */
export interface CpuPool extends AsyncDisposable {
	/** How many tasks run at once now; `auto` may grow it. */
	readonly threads: number;
	/** Tasks on a thread, and tasks waiting for one. */
	readonly busy: number;
	readonly queued: number;
	/** How many tasks should wait at most: enough to keep the threads fed, whatever the tasks' length. */
	readonly backlog: number;
	/** Loads the module in every thread, so that the first items do not pay for it. */
	warm(file: URL): Promise<void>;
	run(call: CpuCall): Promise<CpuEnding>;
}
