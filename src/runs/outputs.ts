import {z} from 'zod';
import {TwolaneError} from '../lanes/errors.ts';
import type {Store} from '../lanes/ports.ts';
import type {ObjectStore} from './object-store.ts';
import type {RunSpec} from './spec.ts';

export interface StampedOutputs {
	readonly spec: Pick<RunSpec, 'runId' | 'createdAt'>;
	readonly generation: number;
	/** Claim of the shard that the item `n` belongs to. */
	readonly claimOf: (n: number) => number;
	/** Called when a later claim of our own run has stored the output: nobody waits for our work any more. */
	readonly onSuperseded: () => void;
}

/** Whose an output is, as metadata beside it. */
const stampSchema = z.object({
	createdat: z.string(),
	runid: z.string(),
	generation: z.coerce.number(),
	claim: z.coerce.number(),
	sha256: z.string(),
});
type Stamp = z.infer<typeof stampSchema>;

export const isObjectStore = (store: Store): store is ObjectStore => 'create' in store && 'list' in store;

/** The store with a stamp on every output, where several machines may write; in a folder there is one owner, and no stamp. */
export function stampOutputs(store: Store, outputs: StampedOutputs): Store {
	if (!isObjectStore(store) || !store.isShared) return store;
	return {uri: store.uri, put: (key, body, options) => putStamped(store, outputs, {key, body, ...options})};
}

type Put = Parameters<Store['put']>[2] & {readonly key: string; readonly body: Uint8Array};

async function putStamped(
	store: ObjectStore,
	{spec: {runId, createdAt}, generation, claimOf, onSuperseded}: StampedOutputs,
	{key, body, contentType, signal, n}: Put,
): Promise<{readonly sha256: string}> {
	const sha256 = await hashBytes(body);
	const stamp: Stamp = {createdat: createdAt, runid: runId, generation, claim: claimOf(n ?? -1), sha256};
	const write = {
		metadata: Object.fromEntries(Object.entries(stamp).map(([name, value]) => [name, String(value)])),
		...(contentType !== undefined && {contentType}),
	};
	for (;;) {
		signal.throwIfAborted();
		if (await store.create(key, body, write)) return {sha256};
		const there = await store.head(key);
		if (there === undefined) continue;
		const theirs = stampSchema.safeParse(there.metadata).data;
		// The same bytes under a lower stamp get ours: its owner might replace them yet.
		if (theirs?.sha256 === sha256 && !isSuperseded(theirs, stamp) && !isLaterRun(stamp, theirs)) return {sha256};
		if (theirs && isSuperseded(stamp, theirs)) {
			onSuperseded();
			throw conflict(`a later claim of this run has stored ${key}`);
		}
		if (theirs && isLaterRun(theirs, stamp)) throw conflict(`${key} belongs to the later run ${theirs.runid}`);
		if (await store.replace(key, body, {...write, etag: there.etag})) return {sha256};
	}
}

const conflict = (message: string): TwolaneError => new TwolaneError('STORE_CONFLICT', message, {retryable: false});

const isSuperseded = (ours: Stamp, theirs: Stamp): boolean =>
	theirs.runid === ours.runid &&
	(theirs.generation > ours.generation || (theirs.generation === ours.generation && theirs.claim > ours.claim));

/** By creation, then by id: every observer sees the same one as the later. */
const isLaterRun = (theirs: Stamp, ours: Stamp): boolean =>
	theirs.runid !== ours.runid && (theirs.createdat > ours.createdat || (theirs.createdat === ours.createdat && theirs.runid > ours.runid));

/** Web crypto is everywhere: this layer needs no port for bytes. */
async function hashBytes(bytes: Uint8Array): Promise<string> {
	const digest = await crypto.subtle.digest('SHA-256', bytes);
	return Array.from(new Uint8Array(digest), byte => byte.toString(16).padStart(2, '0')).join('');
}
