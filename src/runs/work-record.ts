import {z} from 'zod';
import type {Snapshot} from '../lanes/snapshot.ts';

const number = z.number().nonnegative();
const auto = z.union([z.literal('auto'), z.number()]);

/** What a worker measured while it worked on a shard: what rows cannot tell. */
export const workSchema = z.object({
	/** When this worker began, and when this record was made; milliseconds since 1970. */
	startedMs: number,
	endedMs: number,
	/** Since this worker's record before this one. */
	cpuSeconds: number,
	bytesIn: number,
	/** Since it began. */
	lanes: z.object({
		io: z.object({inFlight: number, waiting: number, limit: number}),
		cpu: z.object({busy: number, queued: number, threads: number}).optional(),
	}),
	limits: z.object({
		ioConcurrency: auto,
		ioConcurrencyPerHost: auto,
		threads: auto,
		inFlightBytes: z.number(),
		maxBytes: z.number(),
		fetchTimeoutMs: z.number(),
	}),
	verdict: z.object({
		bound: z.enum(['io-bound', 'cpu-bound', 'origin-throttled', 'store-bound', 'network-bound', 'memory-bound', 'balanced']),
		evidence: z.array(z.string()),
		advice: z.array(z.string()),
		prediction: z.object({limit: z.string(), value: z.number(), speedup: z.number()}).optional(),
	}),
});
export type Work = z.infer<typeof workSchema>;

/** Makes the work records of one worker, one after another. */
export interface WorkMeter {
	/** What has been done since the last call. */
	take(): Work;
}

export function createWorkMeter({
	wallMs,
	limits,
	snapshot,
}: {
	readonly wallMs: () => number;
	readonly limits: Work['limits'];
	readonly snapshot: () => Snapshot;
}): WorkMeter {
	const startedMs = wallMs();
	let cpuBefore = 0;
	let bytesBefore = 0;
	return {
		take() {
			const {cpuSeconds, bytesIn, lanes, verdict} = snapshot();
			const work = {
				startedMs,
				endedMs: Math.max(startedMs, wallMs()),
				cpuSeconds: Math.max(0, cpuSeconds - cpuBefore),
				bytesIn: bytesIn - bytesBefore,
				lanes,
				limits,
				verdict,
			};
			cpuBefore = cpuSeconds;
			bytesBefore = bytesIn;
			return workSchema.parse(work);
		},
	};
}
