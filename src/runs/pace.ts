import {layout} from './layout.ts';
import {claimSchema} from './open-shard.ts';
import {type ShardWork, countEnded} from './part.ts';
import type {RunPorts} from './ports.ts';
import type {Seal} from './seal.ts';
import type {Generation} from './standing.ts';
import {readRecord} from './stored-json.ts';

/** A session claims its next shard before it has sealed the one before; later than this it is another session. */
const SAME_SESSION_MS = 5000;

/** Items that ended per second in the session that works now, as its claims, parts and seals tell; 0 before the first of them. */
export async function measurePace(
	{state, wallMs}: Pick<RunPorts, 'state' | 'wallMs'>,
	{place, seals}: Generation,
	work: ReadonlyMap<number, ShardWork>,
): Promise<number> {
	const claims: {readonly claimedMs: number; readonly ended: number}[] = [];
	for (const [shard, {highestClaim, parts}] of work) {
		if (seals.has(shard) || highestClaim === 0) continue;
		const claim = await readRecord(state, layout.claim({...place, shard}, highestClaim), claimSchema);
		const own = parts.filter(part => part.claim === highestClaim);
		if (claim) claims.push({claimedMs: Date.parse(claim.value.createdAt), ended: sumOf(countEnded({highestClaim, parts: own}))});
	}
	// The newest claim: an older one may be of a session that has ended.
	const startedMs = findStart([...seals.values()], Math.max(0, ...claims.map(({claimedMs}) => claimedMs)));
	let ended = claims.filter(({claimedMs}) => claimedMs >= startedMs).reduce((sum, one) => sum + one.ended, 0);
	for (const {works, stats} of seals.values()) if (works.at(-1)?.startedMs === startedMs) ended += sumOf(stats.counts);
	const seconds = (wallMs() - startedMs) / 1000;
	return startedMs > 0 && seconds > 0 ? ended / seconds : 0;
}

const sumOf = ({succeeded, failed, skipped}: {readonly succeeded: number; readonly failed: number; readonly skipped: number}): number =>
	succeeded + failed + skipped;

/** When the session began that has claimed what is open: with the worker of the newest seal, or with its first claim. */
function findStart(seals: readonly Seal[], claimedMs: number): number {
	const works = seals.flatMap(({works: all}) => all.at(-1) ?? []);
	const newest = works.toSorted((a, b) => b.endedMs - a.endedMs)[0];
	return newest && newest.startedMs <= claimedMs && claimedMs <= newest.endedMs + SAME_SESSION_MS ? newest.startedMs : claimedMs;
}
