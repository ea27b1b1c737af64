import {z} from 'zod';
import {lostRowOf, ordinalOf, pendingRowOf, readItemLines} from './item-lines.ts';
import {type ShardPlace, layout} from './layout.ts';
import {type PartHeader, type ShardWork, countEnded, listWork, partName, readPart, writePart} from './part.ts';
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
	/** Whether the platform lost one dispatch after another of the same life over this shard, and none of them ended an item. */
	readonly isLost: boolean;
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
	/** Ends every open item as `WORKER_LOST`. */
	addLost(): Promise<void>;
	/** Ends the shard; the seal that counts may be another worker's. */
	seal(work: Work): Promise<Seal>;
}

export interface OpenShardOptions {
	/** How many items may be put on record as started at once. */
	readonly window: () => number;
	/** Whose dispatch this is. */
	readonly life?: string | undefined;
	/** Claims and parts as they were listed a while ago; default: they are listed. */
	readonly before?: ShardWork | undefined;
}

/** Dispatches that died in a row: the first of them as any other, the others in careful mode. */
const MOST_LOST = 3;

type ShardPorts = Pick<RunPorts, 'state' | 'openSha256' | 'wallMs'>;

export const claimSchema = z.strictObject({
	/** Items of the shard, from its beginning, that may have been started before the first part says more. */
	started: z.int().nonnegative(),
	/** Whose dispatch it was, and what had ended before it: what tells a shard that kills its workers from a worker that was killed. */
	life: z.string().optional(),
	ended: z.int().nonnegative().optional(),
	createdAt: z.iso.datetime(),
});
export type ClaimRecord = Omit<z.infer<typeof claimSchema>, 'createdAt'>;

/** Takes one worker's turn at a shard: a claim, then whatever earlier claims have left. */
export async function openShard(
	ports: ShardPorts,
	place: ShardPlace,
	shard: Shard,
	{window, life, before: known}: OpenShardOptions,
): Promise<OpenShard> {
	const {state} = ports;
	const before = known ?? (await listWork(state, place));
	const started = Math.min(shard.count, window());
	const record = {started, ...(life !== undefined && {life, ended: totalOf(countEnded(before))})};
	const claim = await createClaim(ports, place, {claim: before.highestClaim + 1, record});
	// Listed after claiming: whoever writes later finds our claim, and is not counted upon.
	const {parts} = await listWork(state, place);
	const rows = createShardRows(state);
	const headers: Header[] = [];
	for (const name of parts) {
		const part = await readPart(state, name);
		rows.addPart(name, part);
		headers.push({...part.header, claim: name.claim});
	}
	const deaths = await readDeaths(ports, place, {claim, headers});
	const works = headers.flatMap(({work}) => work ?? []);
	const suspectsEnd = findSuspectsEnd(deaths, headers);
	return joinShard(ports, {place, shard, claim, rows, works, window, started, suspectsEnd, isLost: isLostWith(deaths, record)});
}

const totalOf = ({succeeded, failed, skipped}: ReturnType<typeof countEnded>): number => succeeded + failed + skipped;

interface Header extends PartHeader {
	readonly claim: number;
}

/** @returns the claim's number: the first free one. */
export async function createClaim(
	ports: ShardPorts,
	place: ShardPlace,
	{claim, record}: {readonly claim: number; readonly record: ClaimRecord},
): Promise<number> {
	const whole: z.infer<typeof claimSchema> = {...record, createdAt: new Date(ports.wallMs()).toISOString()};
	const isOurs = await ports.state.create(layout.claim(place, claim), JSON.stringify(whole));
	return isOurs ? claim : await createClaim(ports, place, {claim: claim + 1, record});
}

/** The claims since the last one that ended in order, oldest first. */
async function readDeaths(
	{state}: ShardPorts,
	place: ShardPlace,
	{claim, headers}: {readonly claim: number; readonly headers: readonly Header[]},
): Promise<readonly (ClaimRecord & {readonly claim: number})[]> {
	const lastClean = Math.max(0, ...headers.filter(({isEnd}) => isEnd).map(header => header.claim));
	const deaths: (ClaimRecord & {readonly claim: number})[] = [];
	for (let died = lastClean + 1; died < claim; died++) {
		const record = await readRecord(state, layout.claim(place, died), claimSchema);
		deaths.push({started: 0, ...record?.value, claim: died});
	}
	return deaths;
}

/** Up to where the claims that died may have started items; 0 when none did. */
function findSuspectsEnd(deaths: readonly (ClaimRecord & {readonly claim: number})[], headers: readonly Header[]): number {
	const first = deaths[0]?.claim;
	if (first === undefined) return 0;
	const recorded = headers.filter(({claim}) => claim >= first).map(({started}) => started);
	return Math.max(...recorded, ...deaths.map(({started}) => started));
}

/** Whether the last dispatches of this life all died, and nothing has ended since the first of them. */
function isLostWith(deaths: readonly ClaimRecord[], {life, ended}: ClaimRecord): boolean {
	const last = deaths.slice(-MOST_LOST);
	return life !== undefined && last.length === MOST_LOST && last.every(death => death.life === life && death.ended === ended);
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
	readonly isLost: boolean;
}

function joinShard(ports: ShardPorts, {place, shard, claim, rows, works, window, started: first, suspectsEnd, isLost}: Claimed): OpenShard {
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
		isLost,
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
		async addLost() {
			for await (const {text} of linesFrom(() => true)) rows.add(lostRowOf(text), claim);
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
