import type {ResolvedLimits} from '../lanes/limits.ts';
import {emptySnapshot} from '../lanes/snapshot.ts';
import {type RunReport, finishRun} from './finish.ts';
import type {RunPorts} from './ports.ts';
import {openSession} from './session.ts';
import {isSealed, latest, readStanding, upTo} from './standing.ts';

/** Ends a cancelled run on which nobody works: seals what is open with its items as pending. `undefined`: it was never planned. */
export async function endCancelled(
	ports: RunPorts,
	runId: string,
	{limits}: {readonly limits: ResolvedLimits},
): Promise<RunReport | undefined> {
	const standing = await readStanding(ports, runId);
	const generation = latest(standing);
	if (generation === undefined) return undefined;
	if (!isSealed(standing)) {
		const session = await openSession(ports, {standing, generation}, {limits, snapshot: () => emptySnapshot({})});
		await session.close('CANCELLED');
	}
	return await finishRun(ports, upTo(await readStanding(ports, runId), generation.place.generation), {reason: 'CANCELLED', limits});
}
