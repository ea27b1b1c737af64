import type {ResolvedLimits} from '../lanes/limits.ts';
import {type RunReport, finishRun, readReport} from './finish.ts';
import type {RunPorts} from './ports.ts';
import {isSealed, readStanding} from './standing.ts';

/**
 * The report of a run that has stopped or ended; `undefined` before that. Of an ended run that nobody has finished it is made now: it is
 * a function of the seals, whoever asks.
 */
export async function getReport(
	ports: RunPorts,
	runId: string,
	{limits}: {readonly limits: ResolvedLimits},
): Promise<RunReport | undefined> {
	const standing = await readStanding(ports, runId);
	return isSealed(standing) ? await finishRun(ports, standing, {limits}) : await readReport(ports, runId);
}
