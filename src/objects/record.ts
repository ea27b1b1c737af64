import {z} from 'zod';
import type {ObjectStore} from '../runs/object-store.ts';
import {readRecord, writeJson} from '../runs/stored-json.ts';

/** One version of an object in a bucket. */
export interface ObjectVersion {
	readonly bucket: string;
	/** As it is, not encoded. */
	readonly key: string;
	/** Without quotes. */
	readonly etag: string | undefined;
	readonly versionId: string | undefined;
	/** When it was created; ISO 8601, the same whoever tells of it. */
	readonly createdAt: string;
}

const output = z.object({name: z.string(), key: z.string(), bytes: z.number(), sha256: z.string()});

/** What became of an object that somebody dropped. */
const recordSchema = z.object({
	bucket: z.string(),
	key: z.string(),
	etag: z.string().optional(),
	versionId: z.string().optional(),
	createdAt: z.string(),
	status: z.enum(['succeeded', 'failed', 'skipped']),
	result: z.unknown().optional(),
	outputs: z.array(output).optional(),
	reason: z.string().optional(),
	error: z.object({code: z.string(), stage: z.string(), retryable: z.boolean(), message: z.string()}).optional(),
});
export type ObjectRecord = z.infer<typeof recordSchema>;
export type Ending = Pick<ObjectRecord, 'status' | 'result' | 'outputs' | 'reason' | 'error'>;

export interface RecordPorts {
	readonly state: ObjectStore;
	readonly sha256: (text: string) => string;
}

/** What tells one version from another, in 64 hex digits. */
export const digestOf = ({bucket, key, versionId, etag}: ObjectVersion, sha256: RecordPorts['sha256']): string =>
	sha256(`${bucket}/${key}/${versionId ?? etag ?? ''}`);

/** Where its record lies, below the state. */
export function recordKey(object: ObjectVersion, sha256: RecordPorts['sha256']): string {
	const digest = digestOf(object, sha256);
	return `objects/${digest.slice(0, 2)}/${digest}.json`;
}

/**
 * The record of this coming of the object. One from before does not count: the same bytes may come again after others have stood there,
 * and in a bucket without versions they look the same.
 */
export async function findRecord(ports: RecordPorts, object: ObjectVersion): Promise<ObjectRecord | undefined> {
	const found = await readRecord(ports.state, recordKey(object, ports.sha256), recordSchema);
	return found && found.value.createdAt >= object.createdAt ? found.value : undefined;
}

/** Keeps how it ended, once. @returns the record that counts: ours, or the one of whoever was faster. */
export async function keepRecord(ports: RecordPorts, object: ObjectVersion, ending: Ending): Promise<ObjectRecord> {
	const {bucket, key, etag, versionId, createdAt} = object;
	const record: ObjectRecord = {bucket, key, etag, versionId, createdAt, ...ending};
	const recordAt = recordKey(object, ports.sha256);
	for (;;) {
		if (await ports.state.create(recordAt, writeJson(record))) return record;
		const there = await readRecord(ports.state, recordAt, recordSchema);
		if (there && there.value.createdAt >= createdAt) return there.value;
		if (there && (await ports.state.replace(recordAt, writeJson(record), {etag: there.etag}))) return record;
	}
}

/** What we have stored ourselves says so: an output must never be an input, wherever somebody lets it fall. */
export const OWN = 'it is an output of a run';
export const isOwn = (metadata: Readonly<Record<string, string>>): boolean => 'twolane-owner' in metadata || 'runid' in metadata;
