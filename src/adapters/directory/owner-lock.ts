import {resolve} from 'node:path';
import {setTimeout as wait} from 'node:timers/promises';
import {TwolaneError} from '../../lanes/errors.ts';
import {type LockWorld, type Ownership, type Refusal, contend, judge, readTop} from './contend.ts';
import {describeUnreadable} from './describe-owner.ts';
import {lockFiles} from './lock-files.ts';
import type {Owner} from './owner-record.ts';
import {type ProcessIdentity, currentProcess, findProcess} from './processes.ts';
import {removeLeftoversIn} from './temporaries.ts';

export type {Ownership, Refusal} from './contend.ts';
export type {Owner} from './owner-record.ts';

/** 200 polls are 10 s: longer than a command takes to end after its launcher was killed. */
const POLL_MS = 50;

export interface OwnershipOptions {
	/** What is owned, as the message calls it. Default: this run. */
	readonly what?: string;
	/** Ends the wait for an orphan with its reason. */
	readonly signal?: AbortSignal;
	/** Default: this process. */
	readonly self?: ProcessIdentity;
}

/**
 * One owner per folder, which is made when needed. A dead owner's folder is taken over. One whose parent is dead is about to end
 * by itself: it is waited for, up to 10 s.
 * @throws TwolaneError `STORE_*`
 */
export async function takeOwnership(folder: string, options: OwnershipOptions = {}): Promise<Ownership | Refusal> {
	const path = resolve(folder);
	const self = options.self ?? (await currentProcess());
	const taken = await contend(worldOf(path), {what: 'this run', ...options, self});
	// What a killed contender left behind is no reason to fail.
	if (taken.isTaken) await removeLeftoversIn(path).catch(() => {});
	return taken;
}

/**
 * Who works there now, `undefined` when nobody does. Makes nothing.
 * @throws TwolaneError `STORE_FAILED` where the lock file cannot be judged.
 */
export async function readOwner(folder: string): Promise<Owner | undefined> {
	const world = worldOf(resolve(folder));
	const top = await readTop(world.files);
	if (top === undefined) return undefined;
	if (top.record === undefined) {
		throw new TwolaneError('STORE_FAILED', describeUnreadable(world.files.pathOf(top.number)), {retryable: false});
	}
	const state = await judge(top, world, await currentProcess());
	return state === 'free' ? undefined : top.record.owner;
}

const worldOf = (folder: string): LockWorld => ({
	files: lockFiles(folder),
	find: findProcess,
	// The reason of an abort is thrown by whoever called.
	pause: signal => wait(POLL_MS, undefined, {...(signal && {signal})}).catch(() => {}),
});
