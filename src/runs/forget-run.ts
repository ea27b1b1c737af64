import {layout} from './layout.ts';
import type {RunPorts} from './ports.ts';
import type {RunSpec} from './spec.ts';

/** Takes back a run that never got a plan, such as one whose list cannot be used. Its folder may keep what is not ours. */
export async function forgetRun({state}: Pick<RunPorts, 'state'>, {runId, createdAt, sources}: RunSpec): Promise<void> {
	// Listed by its time while its spec is there, and no longer: whoever finds the spec lists it again.
	await state.remove(layout.runByTime(runId, Date.parse(createdAt)));
	await state.remove(layout.spec(runId));
	await state.remove(layout.active(runId));
	for (const source of sources) if ('spool' in source) await state.remove(source.spool);
}
