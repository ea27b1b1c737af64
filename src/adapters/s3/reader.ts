import {TwolaneError} from '../../lanes/errors.ts';
import {reserve} from '../../lanes/reserve.ts';
import type {ReadContext, Reader} from '../../lanes/ports.ts';
import type {S3Sources} from '../../sources/s3-sources.ts';
import {type S3Address, nameS3, parseS3} from './address.ts';
import {type BodyRequest, type OpenBody, fillBuffer, openBody, readBody} from './body.ts';
import {type Bucket, type TimeLimits, checkClient, defaultTimeLimits} from './bucket.ts';
import {describeFailure} from './failures.ts';
import {openSources} from './open-sources.ts';

/** Which objects may be read, and how. */
export interface S3ReaderOptions {
	/** An `S3Client` of `@aws-sdk/client-s3`. Its retries come on top of the run's `attempts`. Give it time limits (`requestHandler`). */
	readonly client: unknown;
	/** The buckets that may be read; anything else is `BUCKET_DENIED`. Default: all that the client may. */
	readonly buckets?: readonly string[];
	/** For one call with all its tries (70 s), and between two pieces of a body (20 s), in milliseconds. */
	readonly timeLimits?: Partial<TimeLimits>;
}

type Bytes = Uint8Array<ArrayBuffer>;
type Place = Pick<Bucket, 'client' | 'timeLimits'>;

/**
 * Reads `{s3: 's3://bucket/key', versionId?}` sources, whole, each with one request into one buffer; a body that breaks off goes on where it
 * broke. It also opens manifests, prefixes and inventories for `run`. It needs `s3:GetObject`, `s3:GetObjectVersion` where items name
 * versions, and `s3:ListBucket` for prefixes and to tell a missing key from a forbidden one.
 * @throws TypeError at the call for a client that is none. An item fails with `S3_*`, `BUCKET_DENIED`, `TOO_MANY_BYTES` or `EMPTY_BODY`.
 * @example run(flow, 's3://in/list.jsonl', {readers: [s3Reader({client: new S3Client({}), buckets: ['in']})], out: 'thumbs'});
 */
export function s3Reader({client, buckets, timeLimits}: S3ReaderOptions): Reader & S3Sources {
	const place: Place = {client: checkClient(client), timeLimits: {...defaultTimeLimits, ...timeLimits}};
	const allowed = buckets && new Set(buckets);
	const names = buckets === undefined || buckets.length === 0 ? 'none' : buckets.join(', ');
	const check = (bucket: string): void => {
		if (allowed === undefined || allowed.has(bucket)) return;
		throw new TwolaneError('BUCKET_DENIED', `the bucket ${bucket} may not be read here: allowed are ${names}`);
	};
	return {
		scheme: 's3',
		async read(source, context) {
			if (!('s3' in source)) throw new TwolaneError('INTERNAL', 'The S3 reader was given a source that is not in S3.');
			const address = parseS3(source.s3);
			if (address === undefined || address.key === '') {
				throw new TwolaneError('URL_INVALID', `'${source.s3}' names no object: write it like s3://bucket/key`, {stage: 'item'});
			}
			check(address.bucket);
			return await readObject(place, {...address, versionId: source.versionId, signal: context.signal}, context);
		},
		...openSources(place, check),
	};
}

async function readObject(place: Place, request: BodyRequest, context: ReadContext): Promise<Bytes> {
	const {signal} = context;
	signal.throwIfAborted();
	try {
		const body = await openBody(place, request);
		try {
			await admit(body, request, context);
			return await fillBuffer(readBody(place, request, body), body.bytes);
		} finally {
			body.stream.destroy();
		}
	} catch (error) {
		signal.throwIfAborted();
		throw describeFailure(error, request, {use: 'source', action: 'read'});
	}
}

async function admit({bytes}: OpenBody, address: S3Address, context: ReadContext): Promise<void> {
	const name = nameS3(address);
	if (bytes === 0) throw new TwolaneError('EMPTY_BODY', `${name} is empty.`);
	if (bytes > context.maxBytes) {
		throw new TwolaneError('TOO_MANY_BYTES', `${name} has ${bytes} bytes, the cap is ${context.maxBytes}. Raise --max-bytes to read it.`);
	}
	await reserve(bytes, context);
}
