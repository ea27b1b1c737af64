import {HeadObjectCommand, type S3Client} from '@aws-sdk/client-s3';
import {openS3Client} from '../adapters/s3/client.ts';
import {s3Reader} from '../adapters/s3/reader.ts';
import {s3Store} from '../adapters/s3/store.ts';
import type {Reader} from '../lanes/ports.ts';
import type {NewestVersion} from '../objects/handle-object.ts';
import type {ObjectStore} from '../runs/object-store.ts';
import type {RunPorts} from '../runs/ports.ts';
import {prefixed} from '../runs/prefixed.ts';
import type {S3Sources} from '../sources/s3-sources.ts';
import {openPorts} from '../wire.ts';

/** The bucket of a deployed stack. */
export interface DeployedState {
	readonly client: S3Client;
	readonly out: ObjectStore;
	readonly ports: RunPorts;
	/** Reads from the bucket, and from the others that were allowed. */
	readonly s3: Reader & S3Sources;
}

/** Opens where outputs and records of a stack lie: `s3://bucket/prefix`, records in `.twolane` below it. Loads no threads and no codec. */
export function openState({out: uri, sourceBuckets}: {readonly out: string; readonly sourceBuckets: readonly string[]}): DeployedState {
	const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)\/?(.*)$/u.exec(uri) ?? [];
	const client = openS3Client();
	const out = s3Store({client, bucket, prefix});
	const s3 = s3Reader({client, buckets: [bucket, ...sourceBuckets]});
	return {client, out, s3, ports: openPorts(prefixed(out, '.twolane/'))};
}

/** What is known of an object, of its newest version where none is named; `undefined` when it is gone. */
export async function headObject(
	client: S3Client,
	{bucket, key, versionId: asked}: {readonly bucket: string; readonly key: string; readonly versionId?: string | undefined},
): Promise<NewestVersion | undefined> {
	try {
		const command = new HeadObjectCommand({Bucket: bucket, Key: key, ...(asked !== undefined && {VersionId: asked})});
		const {ETag: etag = '', VersionId: versionId, Metadata: metadata = {}} = await client.send(command);
		return {etag, metadata, ...(versionId !== undefined && versionId !== 'null' && {versionId})};
	} catch (error) {
		if ((error as {readonly name?: unknown}).name === 'NotFound') return undefined;
		throw error;
	}
}
