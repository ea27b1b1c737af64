import {layout} from './layout.ts';
import type {ObjectStore} from './object-store.ts';
import type {RunPorts} from './ports.ts';
import {type Generation, type Standing, isSealed} from './standing.ts';

/**
 * Removes what an ended run needs no more: claims and checkpoints, and files that no plan and no seal names. Where several machines may
 * work nothing is removed: a late worker may still write, and there the store's own rules let scratch expire.
 */
export async function tidyRun({state}: Pick<RunPorts, 'state'>, standing: Standing): Promise<void> {
	if (state.isShared || !isSealed(standing)) return;
	const {runId, sources} = standing.spec;
	for (const source of sources) if ('spool' in source) await state.remove(source.spool);
	for (const generation of standing.generations) {
		const named = namedBy(generation);
		const isNamed = (key: string): boolean => named.has(key.slice(layout.run(runId).length));
		// Not those of the run: a redrive may have begun, and its checkpoints hold rows.
		await removeAll(state, layout.workOfGeneration(generation.place), () => false);
		await removeAll(state, layout.allRows(generation.place), isNamed);
		await removeAll(state, `${layout.generation(generation.place)}items-`, isNamed);
	}
}

/** Keys relative to the run's folder. */
const namedBy = ({plan, seals}: Generation): ReadonlySet<string> =>
	new Set([...plan.map(({items}) => items), ...[...seals.values()].flatMap(({files}) => Object.values(files).map(({key}) => key))]);

async function removeAll(state: ObjectStore, prefix: string, isKept: (key: string) => boolean): Promise<void> {
	for await (const {key} of state.list(prefix)) if (!isKept(key)) await state.remove(key);
}
