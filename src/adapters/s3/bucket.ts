import type {S3Client} from '@aws-sdk/client-s3';
import {isBucketName} from './address.ts';
import {withDeadline} from './deadline.ts';

export interface TimeLimits {
	/** For one call with all its tries, until its answer begins. */
	readonly callMs: number;
	/** Between two pieces of a body. */
	readonly idleMs: number;
}

/** A bucket and the way to it. */
export interface Bucket {
	readonly client: S3Client;
	readonly name: string;
	readonly timeLimits: TimeLimits;
}

export const defaultTimeLimits: TimeLimits = {callMs: 70_000, idleMs: 20_000};

/** Slower than this a body is given up: 64 KiB/s. */
const BYTES_PER_MS = 64;

/** One call, with its outer time limit; a body that is sent makes it longer. */
export const call = <T>(
	{timeLimits: {callMs}}: Pick<Bucket, 'timeLimits'>,
	{what, bytes = 0, signal}: {readonly what: string; readonly bytes?: number; readonly signal?: AbortSignal | undefined},
	work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => withDeadline({ms: callMs + bytes / BYTES_PER_MS, what, signal}, work);

/** The client as this adapter was made for. @throws TypeError for anything else. */
export function checkClient(client: unknown): S3Client {
	const isClient = typeof client === 'object' && client !== null && 'send' in client && typeof client.send === 'function';
	if (isClient) return client as S3Client;
	throw new TypeError('client must be an S3Client of @aws-sdk/client-s3.');
}

/** @throws TypeError for a name that no bucket has. */
export function checkBucket(bucket: unknown): string {
	if (typeof bucket === 'string' && isBucketName(bucket)) return bucket;
	throw new TypeError(`bucket must be the name of a bucket, such as 'my-photos', got ${JSON.stringify(bucket)}.`);
}
