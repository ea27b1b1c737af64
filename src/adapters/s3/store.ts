import {hash} from 'node:crypto';
import {DeleteObjectCommand, PutObjectCommand} from '@aws-sdk/client-s3';
import type {ObjectStore} from '../../runs/object-store.ts';
import {fillBuffer, openBody, readBody} from './body.ts';
import {type Bucket, type TimeLimits, call, checkBucket, checkClient, defaultTimeLimits} from './bucket.ts';
import {type Action, describeFailure} from './failures.ts';
import {recognise} from './faults.ts';
import {listPages} from './list.ts';
import {findObject, putIf, withoutOwner} from './put-if.ts';
import {watchErrors} from '../../lanes/watch-errors.ts';
import {writeObject} from './write.ts';

/** Where a store lies, and how it gets there. */
export interface S3StoreOptions {
	/**
	 * An `S3Client` of `@aws-sdk/client-s3`. Give it time limits (`requestHandler`), or a stalled server holds each call for as long as
	 * the store's own outer limit: 70 s and 1 s for each 64 KiB sent. Its retries are honoured; the default of three tries fits.
	 */
	readonly client: unknown;
	/** It must be there. The store needs `s3:GetObject`, `s3:PutObject`, `s3:DeleteObject` and `s3:AbortMultipartUpload` below the prefix, and `s3:ListBucket`. */
	readonly bucket: string;
	/** What all keys begin with; slashes at its ends do not count. Default: the whole bucket. */
	readonly prefix?: string;
	/** For one call with all its tries (70 s), and between two pieces of a body (20 s), in milliseconds. */
	readonly timeLimits?: Partial<TimeLimits>;
}

/**
 * A bucket, or a part of it, as the place of outputs and records. Several machines may write there at once: every write is whole, and
 * `create` has one winner (`If-None-Match`), who is told so even when the answer to its first try was lost. Each call is one request, but for
 * large streams, long listings and tries that failed.
 * @throws TypeError at the call for a client or bucket that is none; from its functions TwolaneError `STORE_*`.
 * @example run(flow, 'list.jsonl', {out: s3Store({client: new S3Client({}), bucket: 'my-bucket', prefix: 'thumbs'})});
 */
export function s3Store({client, bucket: name, prefix = '', timeLimits}: S3StoreOptions): ObjectStore {
	const bucket: Bucket = {client: checkClient(client), name: checkBucket(name), timeLimits: {...defaultTimeLimits, ...timeLimits}};
	const folder = prefix.replace(/^\/+|\/+$/gu, '');
	const root = folder === '' ? '' : `${folder}/`;
	const keys: Keys = {
		root,
		place: key => ({bucket: name, key: root + key}),
		failure: (error, key, action) => describeFailure(error, {bucket: name, key: root + key}, {use: 'store', action}),
	};
	const uri = `s3://${name}${folder === '' ? '' : `/${folder}`}`;
	return {uri, isShared: true, ...writing(bucket, keys), ...reading(bucket, keys)};
}

interface Keys {
	readonly root: string;
	readonly place: (key: string) => {readonly bucket: string; readonly key: string};
	readonly failure: (error: unknown, key: string, action: Action) => Error;
}

type Writing = Pick<ObjectStore, 'put' | 'create' | 'replace' | 'write' | 'remove'>;

function writing(bucket: Bucket, {root, failure}: Keys): Writing {
	return {
		async put(key, body, {contentType, signal}) {
			signal.throwIfAborted();
			const sha256 = hash('sha256', body, 'hex');
			const target = {Bucket: bucket.name, Key: root + key, ...(contentType !== undefined && {ContentType: contentType})};
			const input = {...target, Body: body, ContentLength: body.length};
			try {
				await call(bucket, {what: 'the write', bytes: body.length, signal}, abortSignal =>
					bucket.client.send(new PutObjectCommand(input), {abortSignal}),
				);
			} catch (error) {
				signal.throwIfAborted();
				throw failure(error, key, 'written');
			}
			return {sha256};
		},

		async create(key, body, options) {
			return await putIf(bucket, {...options, key: root + key, body, etag: undefined}).catch((error: unknown) => {
				throw failure(error, key, 'written');
			});
		},

		async replace(key, body, options) {
			return await putIf(bucket, {...options, key: root + key, body}).catch((error: unknown) => {
				throw failure(error, key, 'written');
			});
		},

		async write(key, chunks) {
			const {watched, isOwn} = watchErrors(chunks);
			await writeObject(bucket, root + key, watched).catch((error: unknown) => {
				throw isOwn(error) ? error : failure(error, key, 'written');
			});
		},

		async remove(key) {
			const command = new DeleteObjectCommand({Bucket: bucket.name, Key: root + key});
			try {
				await call(bucket, {what: 'the answer'}, abortSignal => bucket.client.send(command, {abortSignal}));
			} catch (error) {
				throw failure(error, key, 'removed');
			}
		},
	};
}

type Reading = Pick<ObjectStore, 'get' | 'head' | 'read' | 'list'>;

function reading(bucket: Bucket, {root, place, failure}: Keys): Reading {
	return {
		async get(key) {
			const request = place(key);
			try {
				const body = await openBody(bucket, request);
				const bytes = await fillBuffer(readBody(bucket, request, body), body.bytes);
				return {body: bytes, etag: body.etag, metadata: withoutOwner(body.metadata)};
			} catch (error) {
				if (recognise(error) === 'missing') return undefined;
				throw failure(error, key, 'read');
			}
		},

		async head(key) {
			try {
				const found = await findObject(bucket, root + key);
				return found && {etag: found.ETag ?? '', metadata: withoutOwner(found.Metadata ?? {})};
			} catch (error) {
				throw failure(error, key, 'read');
			}
		},

		async *read(key, {start = 0, end} = {}) {
			const request = {...place(key), start, end};
			try {
				if (end !== undefined && end <= start) return await requireObject(bucket, root + key);
				const body = await openBody(bucket, request);
				yield* readBody(bucket, request, body);
			} catch (error) {
				// The range begins behind the object's end.
				if ((error as {readonly name?: unknown}).name === 'InvalidRange') return;
				throw failure(error, key, 'read');
			}
		},

		async *list(prefix, {after} = {}) {
			try {
				const start = after === undefined ? undefined : root + after;
				for await (const page of listPages(bucket, {prefix: root + prefix, after: start})) {
					for (const {key, bytes, modifiedMs} of page) yield {key: key.slice(root.length), bytes, modifiedMs};
				}
			} catch (error) {
				throw failure(error, prefix, 'listed');
			}
		},
	};
}

/** No range says "nothing": what would be read of it is whether it is there. */
async function requireObject(bucket: Bucket, key: string): Promise<void> {
	if ((await findObject(bucket, key)) !== undefined) return;
	const missing = new Error('NoSuchKey');
	missing.name = 'NoSuchKey';
	throw missing;
}
