import {z} from 'zod';
import {type GenerationPlace, type ShardPlace, layout, nameOf} from './layout.ts';
import {inParallel} from './in-parallel.ts';
import type {RunPorts} from './ports.ts';
import {type FileStatus, type KeptRow, fileStatuses} from './row.ts';
import {createRowTally, rowStatsSchema} from './row-stats.ts';
import type {Shard} from './plan.ts';
import {ordinalOf, pendingTextOf, readItemLines} from './item-lines.ts';
import type {ShardRows} from './shard-rows.ts';
import {readRecord, writeJson} from './stored-json.ts';
import {type Work, workSchema} from './work-record.ts';

const count = z.int().nonnegative();

/** One file of rows. */
const resultFileSchema = z.object({
	/** Relative to the run's folder. */
	key: z.string(),
	items: count,
	bytes: count,
	sha256: z.string(),
	/** The lowest and the highest `n` in it. */
	from: count,
	to: count,
});
export type ResultFile = z.infer<typeof resultFileSchema>;
export type ResultFiles = Readonly<Record<FileStatus, readonly ResultFile[]>>;

const sealSchema = z.object({
	shard: count,
	claim: count,
	files: z.partialRecord(z.enum(fileStatuses), resultFileSchema),
	stats: rowStatsSchema,
	works: z.array(workSchema),
});
/** The one immutable end of a shard. What it does not name does not exist. */
export type Seal = z.infer<typeof sealSchema>;

type SealPorts = Pick<RunPorts, 'state' | 'openSha256'>;

/** The rows of a shard as files under its claim's name, and what a seal says of them. */
export async function writeRowFiles(
	ports: SealPorts,
	place: ShardPlace,
	{claim, rows, works}: {readonly claim: number; readonly rows: ShardRows; readonly works: readonly Work[]},
): Promise<Seal> {
	const stats = await rows.stats();
	const files: Partial<Record<FileStatus, ResultFile>> = {};
	for (const status of fileStatuses) {
		if (stats.counts[statusWords[status]] === 0) continue;
		files[status] = await writeRows(ports, layout.rows(place, {claim, status}), selectRows(rows.merged(), status));
	}
	return {shard: place.shard, claim, files, stats, works: [...works]};
}

/** What a seal would say of a shard that nobody has touched: every item is pending. Its lines go straight from file to file. */
export async function writeUntouched(ports: SealPorts, place: ShardPlace, shard: Shard): Promise<Seal> {
	async function* pending(): AsyncGenerator<readonly KeptRow[]> {
		for await (const lines of readItemLines(ports.state, {runId: place.runId, shard})) {
			yield lines.map(line => ({n: ordinalOf(line), status: 'PENDING', claim: 0, text: pendingTextOf(line)}) as const);
		}
	}
	const file = await writeRows(ports, layout.rows(place, {claim: 0, status: 'PENDING'}), pending());
	const stats = createRowTally().stats();
	return {
		shard: place.shard,
		claim: 0,
		files: {PENDING: file},
		stats: {...stats, counts: {...stats.counts, pending: shard.count}},
		works: [],
	};
}

const statusWords = {SUCCEEDED: 'succeeded', SKIPPED: 'skipped', FAILED: 'failed', PENDING: 'pending'} as const;

async function* selectRows(batches: AsyncIterable<readonly KeptRow[]>, status: FileStatus): AsyncGenerator<readonly KeptRow[]> {
	for await (const batch of batches) yield batch.filter(row => row.status === status);
}

const encoder = new TextEncoder();

async function writeRows({state, openSha256}: SealPorts, key: string, batches: AsyncIterable<readonly KeptRow[]>): Promise<ResultFile> {
	const sha256 = openSha256();
	const file = {items: 0, bytes: 0, from: Infinity, to: 0};
	async function* bytes(): AsyncGenerator<Uint8Array> {
		for await (const rows of batches) {
			if (rows.length === 0) continue;
			const chunk = encoder.encode(rows.map(({text}) => `${text}\n`).join(''));
			sha256.update(chunk);
			file.items += rows.length;
			file.bytes += chunk.length;
			file.from = Math.min(file.from, rows[0]?.n ?? Infinity);
			file.to = rows.at(-1)?.n ?? file.to;
			yield chunk;
		}
	}
	await state.write(key, bytes());
	return {key: key.slice(key.indexOf('/', 'runs/'.length) + 1), ...file, sha256: sha256.digest()};
}

/** Ends the shard, unless somebody was faster. @returns the seal that counts. */
export async function createSeal({state}: Pick<RunPorts, 'state'>, place: ShardPlace, seal: Seal): Promise<Seal> {
	const isOurs = await state.create(layout.seal(place), writeJson(sealSchema.parse(seal)));
	return isOurs ? seal : ((await readSeal({state}, place)) ?? seal);
}

export async function readSeal({state}: Pick<RunPorts, 'state'>, place: ShardPlace): Promise<Seal | undefined> {
	return (await readRecord(state, layout.seal(place), sealSchema))?.value;
}

/** The seals of a generation, by shard. */
export async function readSeals({state}: Pick<RunPorts, 'state'>, place: GenerationPlace): Promise<ReadonlyMap<number, Seal>> {
	const shards: number[] = [];
	for await (const {key} of state.list(layout.seals(place))) {
		const shard = /^(\d+)\.json$/u.exec(nameOf(key))?.[1];
		if (shard !== undefined) shards.push(Number(shard));
	}
	const seals = await inParallel(
		shards.toSorted((a, b) => a - b),
		async shard => [shard, await readSeal({state}, {...place, shard})] as const,
	);
	return new Map(seals.flatMap(([shard, seal]) => (seal ? [[shard, seal] as const] : [])));
}
