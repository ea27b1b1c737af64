import type {FlowDefinition} from '../lanes/flow.ts';
import {isInvalid} from './invalid-row.ts';
import type {ManifestRow} from './manifest-row.ts';
import {type EntryPorts, type OpenedRow, openRow} from './read-entry.ts';

type ValueRow = Exclude<ManifestRow, {readonly problem: string}>;

/** Takes a plain text as the source it means and, for a flow whose items are texts, as it is. */
export function openEitherWay(flow: FlowDefinition, row: ValueRow, n: number, ports: EntryPorts): OpenedRow | Promise<OpenedRow> {
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
