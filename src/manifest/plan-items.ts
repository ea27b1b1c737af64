import type {FlowDefinition} from '../lanes/flow.ts';
import {createItemPlan, isInvalid, type ItemPlan, type PlannedBatch, type PlanOptions} from './item-plan.ts';
import type {ManifestRow} from './manifest-row.ts';
import {type EntryPorts, type OpenedRow, openRow} from './read-entry.ts';
import type {Sha256} from './identify.ts';

/** One manifest of a run. */
export interface ManifestSource {
	/** What messages call it, without a URL's query. */
	readonly name: string;
	readonly rows: AsyncIterable<readonly ManifestRow[]>;
	/** Makes the paths in it absolute. */
	readonly resolveFile: (path: string) => string;
}

export interface PlanItemsOptions extends PlanOptions {
	readonly sha256: Sha256;
	/** Takes this many items, then reads no further. Default: all. */
	readonly limit?: number;
}

/**
 * Makes a run's items of its manifests, in order: numbered from 0 without a gap, each id once, a repeated source once.
 * Without `skipInvalid` a problem ends the yielding, but reading goes on to find the others.
 * @throws ManifestError at the end, naming the first 20 problems with their lines; what was yielded before must not be run.
 */
export async function* planItems(
	flow: FlowDefinition,
	manifests: readonly ManifestSource[],
	options: PlanItemsOptions,
): AsyncGenerator<PlannedBatch> {
	const plan = createItemPlan(
		flow,
		manifests.map(({name}) => name),
		options,
	);
	try {
		yield* readManifests(flow, manifests, options, plan);
	} catch (error) {
		throw plan.addTo(error);
	}
	plan.finish();
}

async function* readManifests(
	flow: FlowDefinition,
	manifests: readonly ManifestSource[],
	{sha256, limit = Infinity}: PlanItemsOptions,
	plan: ItemPlan,
): AsyncGenerator<PlannedBatch> {
	for (const [manifest, {rows, resolveFile}] of manifests.entries()) {
		if (plan.count() >= limit) return;
		for await (const batch of rows) {
			for (const row of batch) {
				const opened = 'problem' in row ? row : openEitherWay(flow, row, plan.count(), {sha256, resolveFile});
				plan.add(opened instanceof Promise ? await opened : opened, {manifest, line: row.line});
				if (plan.count() >= limit) break;
			}
			yield plan.takeBatch();
			if (plan.count() >= limit) return;
		}
	}
}

type ValueRow = Exclude<ManifestRow, {readonly problem: string}>;

/** Takes a plain text as the source it means and, for a flow whose items are texts, as it is. */
function openEitherWay(flow: FlowDefinition, row: ValueRow, n: number, ports: EntryPorts): OpenedRow | Promise<OpenedRow> {
	const first = openRow(flow, row.value, n, ports);
	if (row.otherwise === undefined) return first;
	const orElse = (opened: OpenedRow): OpenedRow | Promise<OpenedRow> => {
		if (!isInvalid(opened)) return opened;
		const second = openRow(flow, row.otherwise, n, ports);
		const choose = (other: OpenedRow): OpenedRow => (isInvalid(other) ? opened : other);
		return second instanceof Promise ? second.then(choose) : choose(second);
	};
	return first instanceof Promise ? first.then(orElse) : orElse(first);
}
