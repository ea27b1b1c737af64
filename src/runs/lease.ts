import {z} from 'zod';
import type {Clock} from '../lanes/ports.ts';
import {readEngine} from './choose-engine.ts';
import {layout} from './layout.ts';
import type {RunPorts} from './ports.ts';
import {repeat} from './repeat.ts';
import {findNewest} from './standing.ts';
import {readRecord, writeJson} from './stored-json.ts';

const BEAT_EVERY_MS = 12_000;
/** Without a beat for so long, by the observer's own clock, the owner is dead. */
const DEAD_AFTER_MS = 30_000;
const LOOK_EVERY_MS = 4000;
/** For those who only look once, and show what they see. */
const FRESH_MS = 60_000;

const leaseSchema = z.object({life: z.string(), beat: z.int().nonnegative(), at: z.iso.datetime()});
type LeaseRecord = z.infer<typeof leaseSchema>;

/** The heartbeat of whoever orchestrates a run. It saves work and decides nothing: seals decide. */
export interface Lease {
	/** Somebody else has taken us for dead. */
	readonly lost: AbortSignal;
	release(): Promise<void>;
}

type LeasePorts = Pick<RunPorts, 'state' | 'clock' | 'wallMs'>;

export interface LeaseRequest {
	/** Who takes it. */
	readonly life: string;
	readonly signal?: AbortSignal | undefined;
}

/** Waits until it is known whether somebody works on the run: at most 30 s. @returns `undefined` when somebody does. */
export async function takeLease(ports: LeasePorts, runId: string, {life, signal}: LeaseRequest): Promise<Lease | undefined> {
	const key = layout.lease(runId);
	const record = writeJson(makeRecord(ports, {life, beat: 0}));
	for (;;) {
		if (await ports.state.create(key, record)) return keepLease(ports, key, life);
		const found = await observe(ports, key, signal);
		if (found === 'alive') return undefined;
		if (found !== 'gone' && (await ports.state.replace(key, record, {etag: found.deadEtag}))) return keepLease(ports, key, life);
	}
}

/** Whether a run's lease beats, by its owner's wall clock: for those who show it. `undefined`: a state machine works on it, or none does. */
export async function isLeased({state, wallMs}: Pick<LeasePorts, 'state' | 'wallMs'>, runId: string): Promise<boolean | undefined> {
	const lease = await readRecord(state, layout.lease(runId), leaseSchema);
	if (lease) return wallMs() - Date.parse(lease.value.at) < FRESH_MS;
	const choice = await readEngine({state}, await findNewest({state}, runId));
	return choice?.engine === 'distributed-map' ? undefined : false;
}

const makeRecord = ({wallMs}: Pick<LeasePorts, 'wallMs'>, {life, beat}: Omit<LeaseRecord, 'at'>): LeaseRecord => ({
	life,
	beat,
	at: new Date(wallMs()).toISOString(),
});

/** Watches the etag alone. */
async function observe(
	{state, clock}: LeasePorts,
	key: string,
	signal: AbortSignal | undefined,
): Promise<'alive' | 'gone' | {readonly deadEtag: string}> {
	const first = await state.head(key);
	if (first === undefined) return 'gone';
	const sinceMs = clock.nowMs();
	for (;;) {
		await wait(clock, LOOK_EVERY_MS, signal);
		const head = await state.head(key);
		if (head === undefined) return 'gone';
		if (head.etag !== first.etag) return 'alive';
		if (clock.nowMs() - sinceMs >= DEAD_AFTER_MS) return {deadEtag: first.etag};
	}
}

export const wait = (clock: Clock, ms: number, signal?: AbortSignal): Promise<void> =>
	new Promise((resolve, reject) => {
		if (signal?.aborted) return reject(signal.reason as Error);
		const onAbort = (): void => {
			cancel();
			reject(signal?.reason as Error);
		};
		const cancel = clock.after(ms, () => {
			signal?.removeEventListener('abort', onAbort);
			resolve();
		});
		signal?.addEventListener('abort', onAbort, {once: true});
	});

function keepLease(ports: LeasePorts, key: string, life: string): Lease {
	const {state, clock} = ports;
	const losing = new AbortController();
	let beats = 0;
	const beat = async (): Promise<void> => {
		const there = await readRecord(state, key, leaseSchema);
		const isOurs = there?.value.life === life;
		const record = writeJson(makeRecord(ports, {life, beat: ++beats}));
		if (!isOurs || !(await state.replace(key, record, {etag: there.etag}))) losing.abort('INTERRUPTED');
	};
	const cancel = repeat(clock, BEAT_EVERY_MS, {step: beat, fail: error => losing.abort(error)});
	return {
		lost: losing.signal,
		async release() {
			cancel();
			if (!losing.signal.aborted) await state.remove(key);
		},
	};
}
