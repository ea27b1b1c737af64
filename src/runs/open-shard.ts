import {z} from 'zod';
import {ordinalOf, pendingRowOf, readItemLines} from './item-lines.ts';
import {type ShardPlace, layout} from './layout.ts';
import {type PartHeader, listWork, partName, readPart, writePart} from './part.ts';
import type {Shard} from './plan.ts';
import type {RunPorts} from './ports.ts';
import type {Row} from './row.ts';
import {type Seal, createSeal, writeRowFiles} from './seal.ts';
import {type ShardRows, createShardRows} from './shard-rows.ts';
import {readRecord} from './stored-json.ts';
import type {Work} from './work-record.ts';

/** A shard under our claim. */
export interface OpenShard {
	readonly place: ShardPlace;
	readonly claim: number;
	/** Items that already had a row when we claimed it. */
	readonly rows: ShardRows;
	/** Whether the claim before ours did not end in order: a process died. */
	readonly isAfterDeath: boolean;
	readonly isComplete: boolean;
	/** Lines of the open items that may have been in flight when the claim before ours died. */
	suspects(): AsyncGenerator<string>;
	/** Lines of the open items, in order; each is on record as started before it is given. */
	lines(): AsyncGenerator<string>;
	add(row: Row): void;
	/** Writes what is new as a part; nothing when nothing is. */
	save(): Promise<void>;
	/** The clean end of a claim that leaves items open. */
	end(work: Work): Promise<void>;
	/** Lists every open item as pending. */
	addPending(): Promise<void>;
	/** Ends the shard; the seal that counts may be another worker's. */
	seal(work: Work): Promise<Seal>;
}

export interface OpenShardOptions {
	/** How many items may be put on record as started at once. */
	readonly window: () => number;
}

type ShardPorts = Pick<RunPorts, 'state' | 'openSha256' | 'wallMs'>;

export const claimSchema = z.strictObject({started: z.int().nonnegative(), createdAt: z.iso.datetime()});

/** Takes one worker's turn at a shard: a claim, then whatever earlier claims have left. */
export async function openShard(ports: ShardPorts, place: ShardPlace, shard: Shard, {window}: OpenShardOptions): Promise<OpenShard> {
	const {state} = ports;
	const {highestClaim} = await listWork(state, place);
	const started = Math.min(shard.count, window());
	const claim = await createClaim(ports, place, {claim: highestClaim + 1, started});
	// Listed after claiming: whoever writes later finds our claim, and is not counted upon.
	const {parts} = await listWork(state, place);
	const rows = createShardRows(state);
	const headers: Header[] = [];
	for (const name of parts) {
		const part = await readPart(state, name);
		rows.addPart(name, part);
		headers.push({...part.header, claim: name.claim});
	}
	const suspectsEnd = await findSuspects(ports, place, {claim, headers});
	return joinShard(ports, {place, shard, claim, rows, works: headers.flatMap(({work}) => work ?? []), window, started, suspectsEnd});
}

interface Header extends PartHeader {
	readonly claim: number;
}

/** @returns the claim's number: the first free one. */
export async function createClaim(
	ports: ShardPorts,
	place: ShardPlace,
	{claim, started}: {readonly claim: number; readonly started: number},
): Promise<number> {
	const record: z.infer<typeof claimSchema> = {started, createdAt: new Date(ports.wallMs()).toISOString()};
	const isOurs = await ports.state.create(layout.claim(place, claim), JSON.stringify(record));
	return isOurs ? claim : await createClaim(ports, place, {claim: claim + 1, started});
}

/** Up to where the claims since the last clean end may have started items; 0 when none of them died. */
async function findSuspects(
	{state}: ShardPorts,
	place: ShardPlace,
	{claim, headers}: {readonly claim: number; readonly headers: readonly Header[]},
): Promise<number> {
	const lastClean = Math.max(0, ...headers.filter(({isEnd}) => isEnd).map(header => header.claim));
	let started = Math.max(0, ...headers.filter(header => header.claim > lastClean).map(header => header.started));
	for (let died = lastClean + 1; died < claim; died++) {
		const record = await readRecord(state, layout.claim(place, died), claimSchema);
		started = Math.max(started, record?.value.started ?? 0);
	}
	return started;
}

interface Claimed {
	readonly place: ShardPlace;
	readonly shard: Shard;
	readonly claim: number;
	readonly rows: ShardRows;
	readonly works: readonly Work[];
	readonly window: () => number;
	/** Items on record as started by our claim. */
	readonly started: number;
	readonly suspectsEnd: number;
}

function joinShard(ports: ShardPorts, {place, shard, claim, rows, works, window, started: first, suspectsEnd}: Claimed): OpenShard {
	const {state} = ports;
	const counts = {succeeded: 0, failed: 0, skipped: 0};
	let started = first;
	let saved = first;
	let seq = 0;
	let isOver = false;
	const inTurn = createTurns();

	async function writeNext(header: Pick<PartHeader, 'isEnd' | 'work'>): Promise<void> {
		const name = {claim, seq: seq++, counts: {...counts}};
		const part = {key: layout.part(place, partName(name)), ...name};
		const unsaved = rows.takeUnsaved(part);
		const recorded = started;
		try {
			await state.create(part.key, writePart({started: recorded, ...header}, unsaved));
			saved = recorded;
		} catch (error) {
			rows.giveBack(part, unsaved);
			throw error;
		}
	}

	/** Puts more items on record as started; what is in flight when the process dies is then among them. */
	async function extend(position: number): Promise<void> {
		started = Math.min(shard.count, position + Math.max(1, window()));
		await inTurn(() => writeNext({}));
	}

	async function* linesFrom(isWanted: (n: number, position: number) => boolean): AsyncGenerator<{text: string; position: number}> {
		let position = 0;
		for await (const batch of readItemLines(state, {runId: place.runId, shard})) {
			for (const text of batch) {
				const n = ordinalOf(text);
				if (!rows.has(n) && isWanted(n, position)) yield {text, position};
				position++;
			}
		}
	}

	return {
		place,
		claim,
		rows,
		isAfterDeath: suspectsEnd > 0,
		get isComplete() {
			return rows.size >= shard.count;
		},
		async *suspects() {
			for await (const {text} of linesFrom((_, position) => position < suspectsEnd)) yield text;
		},
		async *lines() {
			for await (const {text, position} of linesFrom(() => true)) {
				if (position >= started) await extend(position);
				yield text;
			}
		},
		add(row) {
			counts[row.status]++;
			rows.add(row, claim);
		},
		save: () => inTurn(async () => (!isOver && (rows.hasUnsaved() || saved < started) ? await writeNext({}) : undefined)),
		end: work => inTurn(() => writeNext({isEnd: true, work})),
		async addPending() {
			for await (const {text} of linesFrom(() => true)) rows.add(pendingRowOf(text), claim);
		},
		seal: work =>
			inTurn(async () => {
				isOver = true;
				if (state.isShared) await addForeignParts(state, place, {claim, rows});
				return await createSeal(ports, place, await writeRowFiles(ports, place, {claim, rows, works: [...works, work]}));
			}),
	};
}

/** Another worker may have ended items of ours meanwhile, and better. */
async function addForeignParts(
	state: ShardPorts['state'],
	place: ShardPlace,
	{claim, rows}: {readonly claim: number; readonly rows: ShardRows},
): Promise<void> {
	for (const name of (await listWork(state, place)).parts) {
		if (name.claim !== claim && !rows.knows(name)) rows.addPart(name, await readPart(state, name));
	}
}

/** One step after another, whoever asks; an error is the asker's alone. */
function createTurns(): <T>(step: () => Promise<T>) => Promise<T> {
	let last: Promise<unknown> = Promise.resolve();
	return step => {
		const next = last.then(step);
		last = next.catch(() => {});
		return next;
	};
}
