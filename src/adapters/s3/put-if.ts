import {randomUUID} from 'node:crypto';
import {setTimeout as wait} from 'node:timers/promises';
import {HeadObjectCommand, PutObjectCommand} from '@aws-sdk/client-s3';
import type {WriteOptions} from '../../runs/object-store.ts';
import {type Bucket, call} from './bucket.ts';
import {attemptsOf, recognise} from './faults.ts';

/** Names the call that wrote an object, so that a call whose answer was lost finds itself again. Never shown. */
export const OWNER = 'twolane-owner';

const MOST_CONFLICTS = 6;
const FIRST_PAUSE_MS = 20;

export interface ConditionalPut extends WriteOptions {
	readonly key: string;
	readonly body: Uint8Array | string;
	/** Only while the object's etag is this one; `undefined`: only while there is no object. */
	readonly etag: string | undefined;
}

/**
 * Puts an object on condition. A second try of the SDK that is refused may have lost to its own first one: then, and only then, the
 * object is asked who wrote it.
 * @returns whether this call wrote it. @throws the SDK's errors.
 */
export async function putIf(bucket: Bucket, {key, body, etag, metadata, contentType}: ConditionalPut): Promise<boolean> {
	const owner = randomUUID();
	const input = {
		Bucket: bucket.name,
		Key: key,
		Body: body,
		// Or the SDK takes an empty body for a stream.
		ContentLength: Buffer.byteLength(body),
		Metadata: {...metadata, [OWNER]: owner},
		...(contentType !== undefined && {ContentType: contentType}),
		...(etag === undefined ? {IfNoneMatch: '*'} : {IfMatch: etag}),
	};
	let isUncertain = false;
	for (let conflicts = 0; ;) {
		try {
			const sent = {what: 'the write', bytes: Buffer.byteLength(body)};
			await call(bucket, sent, abortSignal => bucket.client.send(new PutObjectCommand(input), {abortSignal}));
			return true;
		} catch (error) {
			isUncertain ||= attemptsOf(error) > 1;
			const trouble = recognise(error);
			const isLost = trouble === 'changed' || (trouble === 'missing' && etag !== undefined);
			if (isLost) return isUncertain && (await isOwner(bucket, key, owner));
			// Somebody writes it this very moment: S3 wants to be asked again.
			if (trouble !== 'conflict' || ++conflicts > MOST_CONFLICTS) throw error;
			await wait(FIRST_PAUSE_MS * 2 ** conflicts * Math.random());
		}
	}
}

async function isOwner(bucket: Bucket, key: string, owner: string): Promise<boolean> {
	return (await findObject(bucket, key))?.Metadata?.[OWNER] === owner;
}

/** What S3 says of an object; `undefined` where there is none. */
export async function findObject(bucket: Bucket, key: string) {
	try {
		return await call(bucket, {what: 'the answer'}, abortSignal =>
			bucket.client.send(new HeadObjectCommand({Bucket: bucket.name, Key: key}), {abortSignal}),
		);
	} catch (error) {
		if (recognise(error) === 'missing') return undefined;
		throw error;
	}
}

/** Metadata as its writer gave it. */
export const withoutOwner = ({[OWNER]: _, ...metadata}: Readonly<Record<string, string>>): Readonly<Record<string, string>> => metadata;
