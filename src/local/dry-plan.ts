import type {PlannedItems} from '../manifest/plan-items.ts';
import {createRun} from '../runs/create-run.ts';
import {type Plan, countRepeats} from '../runs/plan.ts';
import {planRun} from '../runs/plan-run.ts';
import type {RunSpec} from '../runs/spec.ts';
import {type RunRequest, pinRun, sourceOpener, thisMachine} from './begin-run.ts';

/** What a run would have been. */
export interface DryPlan {
	/** As it was written into the state that is thrown away. */
	readonly spec: RunSpec;
	readonly plan: Plan;
	readonly total: number;
	readonly repeats: number;
	readonly hosts: PlannedItems['hosts'];
}

/**
 * Plans a run that is never worked on. The place of the request has a state of its own, to be thrown away.
 * @throws what `beginRun` throws about sources.
 */
export async function planDry(request: RunRequest): Promise<DryPlan> {
	const {place, flow, session, signal, workers = thisMachine} = request;
	const identity = await pinRun(request);
	const {spec} = await createRun(place.ports, {identity, session, ...workers});
	const sources = identity.sources.map(sourceOpener(request, identity));
	let items: PlannedItems | undefined;
	const plan = await planRun(place.ports, {spec, flow, sources, signal, onItems: planned => void (items = planned)});
	return {spec, plan, total: items?.total ?? 0, repeats: countRepeats(plan), hosts: items?.hosts ?? []};
}
