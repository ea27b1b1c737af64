import {randomUUID} from 'node:crypto';
import {
	AbortMultipartUploadCommand,
	type CompletedPart,
	CompleteMultipartUploadCommand,
	CreateMultipartUploadCommand,
	PutObjectCommand,
	UploadPartCommand,
} from '@aws-sdk/client-s3';
import {type Bucket, call} from './bucket.ts';
import {attemptsOf, recognise} from './faults.ts';
import {OWNER, findObject} from './put-if.ts';
import {cutParts} from './parts.ts';

/** Writes an object whose size nobody knows: in one piece as long as it is small, else part by part. What fails leaves no part behind. */
export async function writeObject(bucket: Bucket, key: string, chunks: AsyncIterable<Uint8Array | string>): Promise<void> {
	const parts = cutParts(chunks);
	const first = await parts.next();
	if (first.done === true || first.value.isLast) return await putWhole(bucket, key, first.value?.bytes ?? Buffer.alloc(0));
	const upload = await openUpload(bucket, key);
	try {
		const done = [await sendPart(bucket, {...upload, number: 1, bytes: first.value.bytes})];
		for await (const {bytes} of parts) done.push(await sendPart(bucket, {...upload, number: done.length + 1, bytes}));
		await complete(bucket, upload, done);
	} catch (error) {
		await giveUp(bucket, upload);
		throw error;
	} finally {
		await parts.return(undefined);
	}
}

async function putWhole(bucket: Bucket, key: string, bytes: Uint8Array): Promise<void> {
	await call(bucket, {what: 'the write', bytes: bytes.length}, abortSignal =>
		bucket.client.send(new PutObjectCommand({Bucket: bucket.name, Key: key, Body: bytes, ContentLength: bytes.length}), {abortSignal}),
	);
}

interface Upload {
	readonly key: string;
	readonly id: string;
	readonly owner: string;
}

async function openUpload(bucket: Bucket, key: string): Promise<Upload> {
	const owner = randomUUID();
	const command = new CreateMultipartUploadCommand({Bucket: bucket.name, Key: key, Metadata: {[OWNER]: owner}, ChecksumAlgorithm: 'CRC32'});
	const {UploadId} = await call(bucket, {what: 'the upload'}, abortSignal => bucket.client.send(command, {abortSignal}));
	return {key, owner, id: UploadId ?? ''};
}

async function sendPart(
	bucket: Bucket,
	{key, id, number, bytes}: Upload & {readonly number: number; readonly bytes: Uint8Array},
): Promise<CompletedPart> {
	const command = new UploadPartCommand({Bucket: bucket.name, Key: key, UploadId: id, PartNumber: number, Body: bytes});
	const sent = {what: `part ${number}`, bytes: bytes.length};
	const {ETag, ChecksumCRC32} = await call(bucket, sent, abortSignal => bucket.client.send(command, {abortSignal}));
	return {PartNumber: number, ETag, ...(ChecksumCRC32 !== undefined && {ChecksumCRC32})};
}

async function complete(bucket: Bucket, {key, id, owner}: Upload, parts: readonly CompletedPart[]): Promise<void> {
	const input = {Bucket: bucket.name, Key: key, UploadId: id, MultipartUpload: {Parts: [...parts]}};
	try {
		await call(bucket, {what: 'the end of the upload'}, abortSignal =>
			bucket.client.send(new CompleteMultipartUploadCommand(input), {abortSignal}),
		);
	} catch (error) {
		// A second try finds no upload any more when the first one was done, and only its answer was lost.
		const isDone = attemptsOf(error) > 1 && recognise(error) === 'missing' && (await findObject(bucket, key))?.Metadata?.[OWNER] === owner;
		if (!isDone) throw error;
	}
}

/** What stays after this, the bucket's own rule for unfinished uploads removes. */
async function giveUp(bucket: Bucket, {key, id}: Upload): Promise<void> {
	const command = new AbortMultipartUploadCommand({Bucket: bucket.name, Key: key, UploadId: id});
	await call(bucket, {what: 'the answer'}, abortSignal => bucket.client.send(command, {abortSignal})).catch(() => {});
}
