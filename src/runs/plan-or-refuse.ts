import {TwolaneError} from '../lanes/errors.ts';
import {ManifestError} from '../manifest/manifest-error.ts';
import {layout} from './layout.ts';
import type {Life, Orchestrated} from './orchestration.ts';
import type {RunPorts} from './ports.ts';
import {planOpen} from './ready-run.ts';
import {refuseRun} from './refuse-run.ts';
import type {Standing} from './standing.ts';

const MOST_PLANNINGS = 3;

/** The run with everything planned, or how it stands without. */
export async function planOrRefuse(
	ports: RunPorts,
	standing: Standing,
	{openFlow, openSource, deadline}: Life,
): Promise<Standing | Orchestrated> {
	const {spec, generations, control} = standing;
	const isPlanned = generations.length > 0;
	const refuse = async (problem: string): Promise<Orchestrated> => ({state: 'stopped', reason: await refuseRun(ports, standing, problem)});
	if (control.state === 'cancelled' && !isPlanned) return await refuse('it was cancelled before it had any items');
	try {
		return await planOpen(ports, standing, {flow: await openFlow(spec), open: openSource(spec), signal: deadline.stop});
	} catch (error) {
		// A list that is wrong will not get better.
		const isFinal = error instanceof ManifestError || (error instanceof TwolaneError && error.code === 'MANIFEST_CHANGED');
		if (isFinal && !isPlanned) return await refuse(error.message);
		if (!deadline.stop.aborted) throw error;
		const isTooLong = !(await noteUnplanned(ports, standing));
		return isTooLong ? await refuse('its items cannot be listed in the time of one function: split the list') : {state: 'open'};
	}
}

/** Planning that outlasts a process begins anew in the next one. @returns whether that makes sense once more. */
async function noteUnplanned({state}: RunPorts, {spec, unplanned}: Standing): Promise<boolean> {
	const place = unplanned?.place ?? {runId: spec.runId, generation: 0};
	for (let attempt = 1; attempt < MOST_PLANNINGS; attempt++) if (await state.create(layout.planning(place, attempt), '')) return true;
	return false;
}
