import type {FlowDefinition} from '../lanes/flow.ts';
import {TwolaneError} from '../lanes/errors.ts';
import {type ItemsFile, type ManifestSource, type PlannedItems, planItems} from '../manifest/plan-items.ts';
import {type GenerationPlace, layout} from './layout.ts';
import {readLines} from './lines.ts';
import {type Plan, type PlannedFile, cutShards, readPlan, writePlan} from './plan.ts';
import type {RunPorts} from './ports.ts';
import type {RunSpec} from './spec.ts';

export interface RunToPlan {
	readonly spec: RunSpec;
	readonly flow: FlowDefinition;
	/** The pinned sources, opened. */
	readonly sources: readonly ManifestSource[];
	readonly signal?: AbortSignal | undefined;
	/** Told of the items before the plan counts: how many, and from where. */
	readonly onItems?: ((items: PlannedItems) => void) | undefined;
}

/**
 * Reads the sources of a run once, into its own items file, and cuts that into shards. From here on nobody parses a manifest, and a source
 * that changes changes nothing. A run that is planned already stays as it is.
 * @throws ManifestError; TwolaneError `MANIFEST_CHANGED` when a source is not what it was when the run was created.
 */
export async function planRun(ports: RunPorts, {spec, flow, sources, signal, onItems}: RunToPlan): Promise<Plan> {
	const place = {runId: spec.runId, generation: 0};
	const planned = await readPlan(ports, place);
	if (planned) return planned;
	const {skipInvalid, limit} = spec;
	const items = await planItems(flow, sources, {files: openItemsFiles(ports, place), sha256: ports.sha256, skipInvalid, limit, signal});
	onItems?.(items);
	const plan = await createPlan(ports, place, {file: {...items, items: items.file}, maxWorkers: spec.maxWorkers});
	for (const source of spec.sources) if ('spool' in source) await ports.state.remove(source.spool);
	return plan;
}

/** Items files of a generation; their names are relative to the run's folder. */
function openItemsFiles({state, token}: RunPorts, place: GenerationPlace): ItemsFile {
	const folder = layout.run(place.runId);
	return {
		async write(texts) {
			const key = layout.items(place, token());
			await state.write(key, texts);
			return key.slice(folder.length);
		},
		lines: name => readLines(state.read(folder + name)),
		remove: name => state.remove(folder + name),
	};
}

interface NewPlan {
	readonly file: PlannedFile;
	readonly maxWorkers: number;
	/** What must be there before the plan counts. */
	readonly prepare?: (plan: Plan) => Promise<void>;
}

/** Makes the plan of a generation, unless somebody was faster. @returns the plan that counts. */
export async function createPlan(
	{state}: Pick<RunPorts, 'state'>,
	place: GenerationPlace,
	{file, maxWorkers, prepare}: NewPlan,
): Promise<Plan> {
	const plan = cutShards(file, maxWorkers);
	await prepare?.(plan);
	if (await state.create(layout.plan(place), writePlan(plan))) return plan;
	const winner = await readPlan({state}, place);
	if (winner === undefined) throw new TwolaneError('STATE_INVALID', `the plan of run ${place.runId} disappeared while it was written`);
	// Ours is named by no plan.
	await state.remove(layout.run(place.runId) + file.items);
	return winner;
}
