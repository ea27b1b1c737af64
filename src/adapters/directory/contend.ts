import {randomUUID} from 'node:crypto';
import {describeOwner, describeUnreadable} from './describe-owner.ts';
import type {LockFiles} from './lock-files.ts';
import {type Owner, type OwnerRecord, readRecord, writeRecord} from './owner-record.ts';
import {type ProcessIdentity, type ProcessPlace, type SeenProcess, isSamePlace} from './processes.ts';

/** Polls for somebody who is about to end by itself, before giving up. */
const MAX_POLLS = 200;

/** What the protocol stands on; tests put something else below it. */
export interface LockWorld {
	readonly files: LockFiles;
	readonly find: (pid: number) => Promise<SeenProcess | undefined>;
	readonly pause: (signal: AbortSignal | undefined) => Promise<void>;
}

/** This process owns the folder until it lets go or dies. */
export interface Ownership extends AsyncDisposable {
	readonly isTaken: true;
	readonly owner: Owner;
	readonly release: () => Promise<void>;
}

/** Somebody else works there, or nobody can tell. */
export interface Refusal {
	readonly isTaken: false;
	/** Missing where the lock file cannot be read. */
	readonly owner?: Owner;
	/** What to say to a person, with what to do next. */
	readonly message: string;
}

export interface Contender {
	readonly self: ProcessIdentity;
	/** What is owned, as the message calls it. */
	readonly what: string;
	readonly signal?: AbortSignal;
}

/**
 * The file with the highest number counts. Whoever finds its owner gone creates the next number, which only one can, and then
 * removes the lower ones; the highest is never removed.
 */
export async function contend(world: LockWorld, {self, what, signal}: Contender): Promise<Ownership | Refusal> {
	const {files} = world;
	for (let polls = 0; ;) {
		signal?.throwIfAborted();
		const top = await readTop(files);
		const state = await judge(top, world, self);
		if (state === 'free') {
			const number = (top?.number ?? 0) + 1;
			const record = {owner: {...self, since: new Date().toISOString()}, token: randomUUID(), isReleased: false};
			if ((await files.create(number, writeRecord(record))) && (await isHighest(files, number, record))) return own(files, number, record);
		} else if (state === 'alive' || state === 'foreign' || polls === MAX_POLLS) {
			return refuse(files, top, {what, here: self});
		} else {
			polls++;
			await world.pause(signal);
		}
	}
}

/** The highest file; `record` is missing where it cannot be read. */
interface Top {
	readonly number: number;
	readonly record: OwnerRecord | undefined;
}

export async function readTop(files: LockFiles): Promise<Top | undefined> {
	for (let missed = 0; ;) {
		const number = Math.max(0, ...(await files.list()));
		if (number === 0) return undefined;
		const text = await files.read(number);
		// One that vanishes has a higher one above it now.
		if (text !== undefined || number === missed) return {number, record: text === undefined ? undefined : readRecord(text)};
		missed = number;
	}
}

type State = 'free' | 'alive' | 'orphan' | 'foreign' | 'unreadable';

export async function judge(top: Top | undefined, {find}: LockWorld, self: ProcessIdentity): Promise<State> {
	if (top === undefined) return 'free';
	if (top.record === undefined) return 'unreadable';
	const {owner, isReleased} = top.record;
	if (isReleased) return 'free';
	if (!isSamePlace(owner, self)) return 'foreign';
	const seen = await find(owner.pid);
	const isOther = seen?.startedAt !== undefined && owner.startedAt !== undefined && seen.startedAt !== owner.startedAt;
	if (seen === undefined || isOther) return 'free';
	const isOrphan = seen.parentPid === undefined ? (await find(owner.parentPid)) === undefined : seen.parentPid !== owner.parentPid;
	return isOrphan ? 'orphan' : 'alive';
}

/**
 * A contender that slept between its look and its `create` may get a number that was used and removed meanwhile; then a higher one
 * stands. A listing may miss that one too, if it is removed for a still higher one while the listing goes on. But lower numbers are
 * removed first, upwards: ours is gone before it.
 */
async function isHighest(files: LockFiles, number: number, {token}: OwnerRecord): Promise<boolean> {
	const numbers = [...(await files.list())].sort((one, other) => one - other);
	if (!(await isOurs(files, number, token))) return false;
	if ((numbers.at(-1) ?? number) > number) {
		await files.remove(number);
		return false;
	}
	for (const lower of numbers.filter(one => one < number)) await files.remove(lower);
	return true;
}

async function isOurs(files: LockFiles, number: number, token: string): Promise<boolean> {
	const text = await files.read(number);
	return text !== undefined && readRecord(text)?.token === token;
}

function own(files: LockFiles, number: number, record: OwnerRecord): Ownership {
	const released = writeRecord({...record, isReleased: true});
	let releasing: Promise<void> | undefined;

	async function letGo(): Promise<void> {
		// The file stays, so that its number is not used again. A person may have removed it.
		if (!(await isOurs(files, number, record.token))) return;
		try {
			await files.replace(number, released);
		} catch {
			// A full disk has no room for another file, but this one has its own.
			await files.overwrite(number, released);
		}
	}

	async function release(): Promise<void> {
		releasing ??= letGo();
		try {
			await releasing;
		} catch (error) {
			releasing = undefined;
			throw error;
		}
	}
	return {isTaken: true, owner: record.owner, release, [Symbol.asyncDispose]: release};
}

function refuse(files: LockFiles, top: Top | undefined, {what, here}: {readonly what: string; readonly here: ProcessPlace}): Refusal {
	const file = files.pathOf(top?.number ?? 0);
	if (top?.record === undefined) return {isTaken: false, message: describeUnreadable(file)};
	const {owner} = top.record;
	return {isTaken: false, owner, message: describeOwner(owner, {file, what, here})};
}
