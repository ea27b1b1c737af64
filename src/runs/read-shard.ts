import {ordinalOf, pendingRowOf, readItemLines} from './item-lines.ts';
import type {ShardPlace} from './layout.ts';
import {listWork, readPart} from './part.ts';
import type {Shard} from './plan.ts';
import type {RunPorts} from './ports.ts';
import {type ShardRows, createShardRows} from './shard-rows.ts';
import type {Work} from './work-record.ts';

/** The rows of a shard that nobody has sealed, open items as pending, and the claim they are of. Claims nothing. */
export async function readShard(
	{state}: Pick<RunPorts, 'state'>,
	place: ShardPlace,
	shard: Shard,
): Promise<{readonly rows: ShardRows; readonly claim: number; readonly works: readonly Work[]}> {
	const {highestClaim, parts} = await listWork(state, place);
	const rows = createShardRows(state);
	const works: Work[] = [];
	for (const name of parts) {
		const part = await readPart(state, name);
		rows.addPart(name, part);
		if (part.header.work) works.push(part.header.work);
	}
	if (rows.size < shard.count) {
		for await (const lines of readItemLines(state, {runId: place.runId, shard})) {
			for (const line of lines) if (!rows.has(ordinalOf(line))) rows.add(pendingRowOf(line), highestClaim);
		}
	}
	return {rows, claim: highestClaim, works};
}
