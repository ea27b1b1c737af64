import {randomUUID} from 'node:crypto';
import {
	CreateBucketCommand,
	DeleteBucketCommand,
	DeleteObjectsCommand,
	HeadObjectCommand,
	ListMultipartUploadsCommand,
	ListObjectVersionsCommand,
	PutBucketVersioningCommand,
	PutObjectCommand,
	type S3Client,
} from '@aws-sdk/client-s3';
import {openS3Client} from '../../src/adapters/s3/client.ts';
import {localStack, s3Client} from './localstack.ts';

/** A bucket of its own on LocalStack. */
export interface TestBucket {
	readonly client: S3Client;
	readonly bucket: string;
	readonly endpoint: string;
	/** @returns its etag, and its version where the bucket has versions. */
	put(key: string, body: string | Uint8Array): Promise<{readonly etag: string; readonly versionId: string | undefined}>;
	head(key: string): Promise<{readonly metadata: Readonly<Record<string, string>>; readonly contentType: string | undefined}>;
	keep(): Promise<void>;
	/** Uploads that were begun and not ended. */
	uploads(): Promise<number>;
	dispose(): Promise<void>;
}

/** @param options `endpoint`: a proxy in front of LocalStack. */
export async function openBucket({endpoint = localStack().endpoint}: {readonly endpoint?: string} = {}): Promise<TestBucket> {
	// The client has no option for credentials: the SDK looks for them itself.
	Object.assign(process.env, localStack().env);
	const client = openS3Client({endpoint, region: 'us-east-1'});
	const own = s3Client();
	const bucket = `twolane-${randomUUID()}`;
	await own.send(new CreateBucketCommand({Bucket: bucket}));

	async function empty(): Promise<void> {
		for (;;) {
			const {Versions = [], DeleteMarkers = []} = await own.send(new ListObjectVersionsCommand({Bucket: bucket}));
			const Objects = [...Versions, ...DeleteMarkers].map(({Key, VersionId}) => ({Key, VersionId}));
			if (Objects.length === 0) return;
			await own.send(new DeleteObjectsCommand({Bucket: bucket, Delete: {Objects}}));
		}
	}

	return {
		client,
		bucket,
		endpoint,
		async put(key, body) {
			const {ETag = '', VersionId} = await own.send(
				new PutObjectCommand({Bucket: bucket, Key: key, Body: body, ContentLength: Buffer.byteLength(body)}),
			);
			return {etag: ETag, versionId: VersionId};
		},
		async head(key) {
			const {Metadata = {}, ContentType} = await own.send(new HeadObjectCommand({Bucket: bucket, Key: key}));
			return {metadata: Metadata, contentType: ContentType};
		},
		async keep() {
			const VersioningConfiguration = {Status: 'Enabled'} as const;
			await own.send(new PutBucketVersioningCommand({Bucket: bucket, VersioningConfiguration}));
		},
		async uploads() {
			return (await own.send(new ListMultipartUploadsCommand({Bucket: bucket}))).Uploads?.length ?? 0;
		},
		async dispose() {
			await empty();
			await own.send(new DeleteBucketCommand({Bucket: bucket}));
			client.destroy();
			own.destroy();
		},
	};
}
