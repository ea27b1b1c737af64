import type {Outcome} from '../lanes/outcome.ts';
import {readItemLines, ordinalOf} from './item-lines.ts';
import type {RunPorts} from './ports.ts';
import {parseRow} from './row.ts';
import {readRunRows} from './run-rows.ts';
import type {Standing} from './standing.ts';
import {TwolaneError} from '../lanes/errors.ts';

/** The outcomes of a run so far, in the order of its manifest, with their items. */
export async function* replayOutcomes(ports: Pick<RunPorts, 'state' | 'openSha256'>, standing: Standing): AsyncGenerator<Outcome> {
	const items = readAllItems(ports, standing);
	try {
		for await (const rows of readRunRows(ports, standing, {statuses: ['SUCCEEDED', 'SKIPPED', 'FAILED']})) {
			for (const {n, text} of rows) {
				const row = parseRow(text);
				if (row === undefined || row.status === 'pending') throw new TwolaneError('STATE_INVALID', `the row of item ${n} is damaged`);
				yield {...row, item: await findItem(items, n)};
			}
		}
	} finally {
		await items.return(undefined);
	}
}

/** Every item of the run, by ordinal: those of generation 0. */
async function* readAllItems({state}: Pick<RunPorts, 'state'>, {spec, generations: [first]}: Standing): AsyncGenerator<string> {
	for (const shard of first?.plan ?? []) for await (const lines of readItemLines(state, {runId: spec.runId, shard})) yield* lines;
}

async function findItem(items: AsyncGenerator<string>, n: number): Promise<unknown> {
	for (let next = await items.next(); next.done !== true; next = await items.next()) {
		if (ordinalOf(next.value) === n) return (JSON.parse(next.value) as {readonly item: unknown}).item;
	}
	throw new TwolaneError('STATE_INVALID', `the run's items file has no item ${n}: it was cut off or changed`);
}
