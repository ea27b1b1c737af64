import type {Outcome} from '../lanes/outcome.ts';
import type {CompletionReason, EndedCounts, Snapshot} from '../lanes/snapshot.ts';
import type {ResolvedLimits} from '../lanes/limits.ts';
import {createEnding} from './ending.ts';
import {inParallel} from './in-parallel.ts';
import {ordinalOf} from './item-lines.ts';
import {type OpenShard, createClaim, openShard} from './open-shard.ts';
import type {GenerationPlace} from './layout.ts';
import type {ObjectStore} from './object-store.ts';
import {type ShardWork, countEnded, listAllWork, listWork} from './part.ts';
import type {Shard} from './plan.ts';
import type {RunPorts} from './ports.ts';
import {readShard} from './read-shard.ts';
import {repeat} from './repeat.ts';
import {toRow} from './row.ts';
import {type Seal, readSeal, writeRowFiles, writeUntouched} from './seal.ts';
import {type Generation, type Standing, addSeals} from './standing.ts';
import {type WorkMeter, createWorkMeter} from './work-record.ts';

// At most this much finished work is lost when the process is killed, in milliseconds: a folder is near, a bucket counts its requests.
const SAVE_EVERY_MS = 500;
const SAVE_EVERY_SHARED_MS = 15_000;
// Items put on record as started at once, at least; more when they go fast. In a bucket more than the lanes read ahead, so that some have
// ended, and tell how fast, before it is time for the next record.
const FEWEST_STARTED = 64;
const FEWEST_STARTED_SHARED = 256;

/** One worker's time on a run: the shards it has claimed, their rows, its checkpoints. */
export interface Session {
	/** Take no new item: asked for by the caller or by the run's control. Its reason is a completion reason. */
	readonly stop: AbortSignal;
	/** Drop what is in flight: an error of the records, the caller's abandon, or a drain that took too long. */
	readonly abandon: AbortSignal;
	/** Whether this error only says that a drain took too long. */
	readonly isDrained: (error: unknown) => boolean;
	/** What has ended so far, in this session and before it. */
	readonly ended: () => EndedCounts;
	/** Lines of the items to work on, shard by shard; `isCareful`: those that were in flight when a process died. */
	readonly lines: (options: {readonly isCareful: boolean}) => AsyncGenerator<string>;
	/** Claim of the shard that an item in flight belongs to. */
	readonly claimOf: (n: number) => number;
	/** Keeps an outcome, and seals its shard when it was the last one. */
	readonly settle: (outcome: Outcome, options: {readonly isCareful: boolean}) => Promise<void> | undefined;
	/** Ends the lanes with an error of ours. */
	readonly fail: (error: unknown) => void;
	readonly interrupt: () => void;
	/** Saves what is done, as far as that goes, and ends the claims in order: the run goes on another time. */
	readonly drop: () => Promise<void>;
	/** Saves, and ends every claim: cancelled shards with their open items as pending, others open. */
	readonly close: (reason: CompletionReason) => Promise<void>;
	/** Items that have ended by now, in this session and before it. */
	readonly endedNow: number;
	/** The seal of a shard that has ended in this session, or was found ended. */
	readonly sealOf: (shard: number) => Seal | undefined;
	/** After the end: how the shards look that are open. */
	readonly show: () => Promise<readonly Seal[]>;
}

export interface SessionOptions {
	readonly limits: ResolvedLimits;
	readonly snapshot: () => Snapshot;
	readonly stop?: AbortSignal | undefined;
	readonly signal?: AbortSignal | undefined;
	readonly drainMs?: number | undefined;
	/** Whose dispatch this is, where an orchestrator hands out the shards. */
	readonly life?: string | undefined;
}

/** Begins to work on the newest generation; nothing is claimed yet. */
export async function openSession(
	ports: RunPorts,
	{standing, generation}: {readonly standing: Standing; readonly generation: Generation},
	options: SessionOptions,
): Promise<Session> {
	const {state} = ports;
	const {place, plan, seals} = generation;
	const unsealed = plan.filter(({shard}) => !seals.has(shard));
	const touched = await listTouched(state, place, unsealed);
	const saveEveryMs = state.isShared ? SAVE_EVERY_SHARED_MS : SAVE_EVERY_MS;
	const fewestStarted = state.isShared ? FEWEST_STARTED_SHARED : FEWEST_STARTED;
	const counts = countBefore(standing, unsealed, touched);
	const before = counts.succeeded + counts.failed + counts.skipped;
	const opened = new Map<number, OpenShard>();
	const sealed = new Map<number, Seal>();
	const sealing = new Set<number>();
	const inFlight = new Map<number, OpenShard>();
	const startedMs = ports.clock.nowMs();
	const meter: WorkMeter = createWorkMeter({wallMs: ports.wallMs, ...options});
	const ending = createEnding(ports, {...options, runId: place.runId, control: standing.control});
	const cancelSaving = repeat(ports.clock, saveEveryMs, {step: saveAll, fail: ending.fail});

	/** As many as end in two checkpoints' time. */
	function window(): number {
		const seconds = Math.max(0.001, (ports.clock.nowMs() - startedMs) / 1000);
		const rate = (counts.succeeded + counts.failed + counts.skipped - before) / seconds;
		return Math.max(fewestStarted, Math.ceil((2 * rate * saveEveryMs) / 1000));
	}

	/** `undefined`: somebody else has sealed it. */
	async function claim(shard: Shard): Promise<OpenShard | undefined> {
		const known = opened.get(shard.shard);
		if (known) return known;
		const foreign = state.isShared ? await readSeal(ports, {...place, shard: shard.shard}) : undefined;
		if (foreign) {
			sealed.set(shard.shard, foreign);
			return undefined;
		}
		const claimed = await openShard(ports, {...place, shard: shard.shard}, shard, {
			window,
			life: options.life,
			before: touched.get(shard.shard) ?? untouched,
		});
		opened.set(shard.shard, claimed);
		return claimed;
	}

	const isSealed = (shard: number): boolean => sealed.has(shard) || sealing.has(shard);

	async function seal(shard: OpenShard): Promise<void> {
		opened.delete(shard.place.shard);
		sealing.add(shard.place.shard);
		try {
			sealed.set(shard.place.shard, await shard.seal(meter.take()));
		} catch (error) {
			// Its claim has not ended yet.
			opened.set(shard.place.shard, shard);
			throw error;
		}
	}

	async function saveAll(): Promise<void> {
		for (const shard of opened.values()) await shard.save();
	}

	async function* lines({isCareful}: {readonly isCareful: boolean}): AsyncGenerator<string> {
		for (const shard of unsealed) {
			if (isSealed(shard.shard) || (isCareful && (touched.get(shard.shard)?.highestClaim ?? 0) === 0)) continue;
			const claimed = await claim(shard);
			if (claimed?.isLost) await claimed.addLost();
			if (claimed?.isComplete) await seal(claimed);
			if (claimed === undefined || claimed.isComplete) continue;
			for await (const line of isCareful ? claimed.suspects() : claimed.lines()) {
				inFlight.set(ordinalOf(line), claimed);
				yield line;
			}
		}
	}

	async function keep(shard: OpenShard, {isCareful}: {readonly isCareful: boolean}): Promise<void> {
		if (isCareful) await shard.save();
		if (shard.isComplete) await seal(shard);
	}

	/** Shards that nobody works on any more, as they are. */
	async function show(): Promise<readonly Seal[]> {
		const open = unsealed.filter(({shard}) => !isSealed(shard));
		return await inParallel(open, showOne);
	}

	async function showOne(shard: Shard): Promise<Seal> {
		const shardPlace = {...place, shard: shard.shard};
		if (!opened.has(shard.shard) && !touched.has(shard.shard) && !state.isShared) return await writeUntouched(ports, shardPlace, shard);
		const left = await readShard(ports, shardPlace, shard);
		const own = opened.get(shard.shard)?.claim;
		// Another worker may be about to seal files of its claim's name.
		const isForeign = own === undefined && state.isShared && left.claim > 0;
		const claim = isForeign ? await createClaim(ports, shardPlace, {claim: left.claim + 1, record: {started: 0}}) : (own ?? left.claim);
		return await writeRowFiles(ports, shardPlace, {...left, claim});
	}

	return {
		stop: ending.stop,
		abandon: ending.abandon,
		isDrained: ending.isDrained,
		ended: () => ({...counts}),
		lines,
		claimOf: n => inFlight.get(n)?.claim ?? 0,
		settle(outcome, how) {
			counts[outcome.status]++;
			const shard = inFlight.get(outcome.n);
			if (shard === undefined) return undefined;
			inFlight.delete(outcome.n);
			shard.add(toRow(outcome));
			return how.isCareful || shard.isComplete ? keep(shard, how) : undefined;
		},
		fail: ending.fail,
		interrupt: ending.interrupt,
		async drop() {
			cancelSaving();
			ending.close();
			// The process lives: whoever comes next must not take this claim for one that died.
			for (const shard of opened.values()) await shard.end(meter.take()).catch(() => {});
		},
		async close(reason) {
			cancelSaving();
			ending.close();
			await saveAll();
			if (reason === 'CANCELLED') await cancelAll();
			for (const shard of opened.values()) await shard.end(meter.take());
		},
		sealOf: shard => sealed.get(shard),
		get endedNow() {
			return counts.succeeded + counts.failed + counts.skipped;
		},
		show,
	};

	async function cancelAll(): Promise<void> {
		const open = unsealed.filter(({shard}) => !isSealed(shard));
		await inParallel(open, async shard => {
			const claimed = await claim(shard);
			await claimed?.addPending();
			if (claimed) await seal(claimed);
		});
	}
}

/** Claims and parts of the open shards; of one shard nobody else's names are listed. */
async function listTouched(
	state: ObjectStore,
	place: GenerationPlace,
	unsealed: readonly Shard[],
): Promise<ReadonlyMap<number, ShardWork>> {
	const [only] = unsealed;
	if (only === undefined || unsealed.length > 1) return await listAllWork(state, place);
	const work = await listWork(state, {...place, shard: only.shard});
	return work.highestClaim === 0 && work.parts.length === 0 ? new Map() : new Map([[only.shard, work]]);
}

const untouched: ShardWork = {highestClaim: 0, parts: []};

function countBefore(
	standing: Standing,
	unsealed: readonly Shard[],
	touched: ReadonlyMap<number, ShardWork>,
): {succeeded: number; failed: number; skipped: number} {
	const {succeeded, failed, skipped} = addSeals(standing).counts;
	const counts = {succeeded, failed, skipped};
	for (const {shard} of unsealed) {
		const ended = countEnded(touched.get(shard));
		for (const status of ['succeeded', 'failed', 'skipped'] as const) counts[status] += ended[status];
	}
	return counts;
}
