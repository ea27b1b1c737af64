/** How wide and how heavy a run may be. `'auto'` adapts while the run goes on; a number is taken as it is. */
export interface Limits {
	/** Fetches in flight, and stores in flight, each. `'auto'` starts from the kind of source and follows latency and throughput. */
	readonly ioConcurrency?: number | 'auto';
	/** Fetches in flight to one host. `'auto'` is no limit until the host answers 429 or 503, then it narrows. */
	readonly ioConcurrencyPerHost?: number | 'auto';
	/** Transforms at once. `'auto'` is one per core, two while the threads wait for native work. */
	readonly threads?: number | 'auto';
	/** Bytes fetched and not yet transformed. Default: a quarter of the memory, at most 256 MiB. */
	readonly inFlightBytes?: number;
	/** Bytes of one source. Default 50 MiB. */
	readonly maxBytes?: number;
	/** Milliseconds that one attempt of `fetch`, or of `store`, may take. Default 30,000. */
	readonly fetchTimeoutMs?: number;
}

interface LimitEntry {
	readonly flag: string;
	readonly short?: string;
	readonly kind: 'count' | 'bytes' | 'ms';
	readonly isAuto: boolean;
	readonly default: number | 'auto' | 'memory';
	readonly min: number;
	readonly max: number;
	readonly meaning: string;
}

const MiB = 1024 * 1024;

/** The one table of limits: it makes the option, the flag, the check and the line of the help. */
export const limitTable: {readonly [Name in keyof Required<Limits>]: LimitEntry} = {
	ioConcurrency: {
		flag: '--io-concurrency',
		short: '--io',
		kind: 'count',
		isAuto: true,
		default: 'auto',
		min: 1,
		max: 1024,
		meaning: 'fetches in flight',
	},
	ioConcurrencyPerHost: {
		flag: '--io-concurrency-per-host',
		short: '--per-host',
		kind: 'count',
		isAuto: true,
		default: 'auto',
		min: 1,
		max: 1024,
		meaning: 'fetches in flight to one host',
	},
	threads: {flag: '--threads', kind: 'count', isAuto: true, default: 'auto', min: 1, max: 256, meaning: 'transforms at once'},
	inFlightBytes: {
		flag: '--in-flight-bytes',
		short: '--in-flight',
		kind: 'bytes',
		isAuto: false,
		default: 'memory',
		min: 1,
		max: Number.MAX_SAFE_INTEGER,
		meaning: 'bytes fetched and not yet transformed; default a quarter of the memory, at most 256 MiB',
	},
	maxBytes: {
		flag: '--max-bytes',
		kind: 'bytes',
		isAuto: false,
		default: 50 * MiB,
		min: 1,
		max: 2 ** 32,
		meaning: 'bytes of one source',
	},
	fetchTimeoutMs: {
		flag: '--fetch-timeout',
		kind: 'ms',
		isAuto: false,
		default: 30_000,
		min: 1,
		max: 900_000,
		meaning: 'time of one fetch attempt',
	},
};

/** Every limit with a value, as the lanes use them. */
export type ResolvedLimits = {
	readonly ioConcurrency: number | 'auto';
	readonly ioConcurrencyPerHost: number | 'auto';
	readonly threads: number | 'auto';
	readonly inFlightBytes: number;
	readonly maxBytes: number;
	readonly fetchTimeoutMs: number;
};

/** Fills in the defaults. @throws RangeError naming the limit, its range and what was given. */
export function resolveLimits(limits: Limits, {memoryBytes}: {readonly memoryBytes: number}): ResolvedLimits {
	const resolved: Record<string, number | 'auto'> = {};
	for (const [name, entry] of Object.entries(limitTable)) {
		const value = limits[name as keyof Limits] ?? entry.default;
		resolved[name] = value === 'memory' ? Math.min(memoryBytes / 4, 256 * MiB) : value;
		checkLimit(name, resolved[name], entry);
	}
	return resolved as unknown as ResolvedLimits;
}

function checkLimit(name: string, value: number | 'auto', {isAuto, min, max}: LimitEntry): void {
	if (value === 'auto' && isAuto) return;
	if (typeof value === 'number' && value >= min && value <= max && (Number.isInteger(value) || name === 'inFlightBytes')) return;
	throw new RangeError(`${name} must be ${isAuto ? "'auto' or " : ''}a whole number from ${min} to ${max}, got ${String(value)}.`);
}
