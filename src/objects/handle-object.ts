import {TwolaneError} from '../lanes/errors.ts';
import type {LanesSetup} from '../lanes/lanes.ts';
import type {Outcome} from '../lanes/outcome.ts';
import {startRun} from '../lanes/run.ts';
import {openEntry} from '../manifest/read-entry.ts';
import type {ObjectHead} from '../runs/object-store.ts';
import {stampOutputs} from '../runs/outputs.ts';
import {keepable} from '../runs/row.ts';
import {
	type Ending,
	type ObjectRecord,
	type ObjectVersion,
	type RecordPorts,
	OWN,
	digestOf,
	findRecord,
	isOwn,
	keepRecord,
} from './record.ts';

/** What is known of the newest version of an object. */
export interface NewestVersion extends Pick<ObjectHead, 'metadata'> {
	readonly etag: string;
	readonly versionId?: string | undefined;
}

export interface ObjectPorts extends RecordPorts {
	/** The newest version; `undefined` when there is none. */
	readonly head: (object: Pick<ObjectVersion, 'bucket' | 'key'>) => Promise<NewestVersion | undefined>;
	/** The lanes for what the object's own metadata asks for. @throws TypeError when it asks for what cannot be. */
	readonly openLanes: (metadata: ObjectHead['metadata']) => Promise<LanesSetup>;
	/** Until this process must have answered, in milliseconds. */
	readonly remainingMs: () => number;
}

/** Kept back for the record and the answer. */
const RESERVE_MS = 2000;

/**
 * Takes one object through the lanes, at once: what a run does with an item, without the run. Whatever was done already is found by its
 * record, and what was done but not recorded by the stamps of its outputs.
 * @throws TwolaneError that is retryable, for whoever tells of the object to tell again.
 */
export async function handleObject(ports: ObjectPorts, object: ObjectVersion): Promise<ObjectRecord> {
	const known = await findRecord(ports, object);
	if (known) return known;
	const newest = await ports.head({bucket: object.bucket, key: object.key});
	const outdated = findSuccessor(object, newest);
	if (newest === undefined || outdated !== undefined)
		return await keepRecord(ports, object, {status: 'skipped', reason: outdated ?? 'it is gone'});
	if (isOwn(newest.metadata)) return await keepRecord(ports, object, {status: 'skipped', reason: OWN});
	return await keepRecord(ports, object, await runAlone(ports, object, newest));
}

/** Why the object is not the newest of its name. */
function findSuccessor({versionId, etag}: ObjectVersion, newest: NewestVersion | undefined): string | undefined {
	if (newest === undefined) return undefined;
	const isSame = versionId === undefined ? etag === undefined || etag === bare(newest.etag) : versionId === newest.versionId;
	return isSame ? undefined : 'a newer version stands in its place';
}

const bare = (etag: string): string => etag.replaceAll('"', '');

async function runAlone(ports: ObjectPorts, object: ObjectVersion, {metadata}: NewestVersion): Promise<Ending> {
	const lanes = await ports.openLanes(metadata).catch(refuse);
	if ('status' in lanes) return lanes;
	const outcome = await takeThrough(ports, object, lanes);
	switch (outcome.status) {
		case 'succeeded':
			return {status: 'succeeded', result: outcome.result, outputs: [...outcome.outputs]};
		case 'skipped':
			return {status: 'skipped', reason: outcome.reason};
		case 'failed': {
			const {code, stage, retryable, message} = outcome.error;
			if (!retryable) return {status: 'failed', error: {code, stage, retryable, message}};
			throw new TwolaneError(code, `${nameOf(object)}: ${message}`, {retryable: true, stage, itemId: object.key});
		}
		default:
			return outcome satisfies never;
	}
}

/** What the object asks for will not get better by asking again. */
function refuse(error: unknown): Ending {
	if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
	return {status: 'failed', error: {code: 'ITEM_INVALID', stage: 'item', retryable: false, message: error.message}};
}

async function takeThrough(ports: ObjectPorts, object: ObjectVersion, lanes: LanesSetup): Promise<Outcome> {
	const {sha256} = ports;
	const {createdAt, versionId, key} = object;
	const runId = `object-${digestOf(object, sha256)}`;
	const stamp = {spec: {runId, createdAt}, generation: 0, claimOf: () => 0, onSuperseded: () => {}};
	const item = {id: key, s3: nameOf(object), ...(versionId !== undefined && {versionId})};
	const abandoning = new AbortController();
	const late = new TwolaneError('WORKER_LOST', `${nameOf(object)}: the time was over before it was done`, {retryable: true, itemId: key});
	const cancel = lanes.clock.after(Math.max(0, ports.remainingMs() - RESERVE_MS), () => abandoning.abort(late));
	try {
		const run = startRun({
			...lanes,
			store: lanes.store && stampOutputs(lanes.store, stamp),
			runId,
			items: [item],
			open: (given, n) => openEntry(lanes.flow, given, n, {sha256, resolveFile: refuseFile}),
			total: 1,
			signal: abandoning.signal,
		});
		for await (const outcome of run) return keepable(outcome);
		throw late;
	} finally {
		cancel();
	}
}

const nameOf = ({bucket, key}: ObjectVersion): string => `s3://${bucket}/${key}`;

function refuseFile(path: string): never {
	throw new TwolaneError('FILE_DENIED', `'${path}': there are no files here`);
}
