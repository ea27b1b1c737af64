import type {Readable} from 'node:stream';
import {GetObjectCommand, type GetObjectCommandInput} from '@aws-sdk/client-s3';
import type {S3Address} from './address.ts';
import {type Bucket, call} from './bucket.ts';
import {lateness, recognise} from './faults.ts';

/** A body that has begun to come. */
export interface OpenBody {
	readonly stream: Readable;
	readonly etag: string;
	/** Of this answer's body. */
	readonly bytes: number;
	readonly metadata: Readonly<Record<string, string>>;
}

export interface BodyRequest extends S3Address {
	readonly versionId?: string | undefined;
	/** Refuse any other content. */
	readonly etag?: string | undefined;
	readonly start?: number;
	/** The byte to stop before; default: the object's end. */
	readonly end?: number | undefined;
	readonly signal?: AbortSignal | undefined;
}

export async function openBody(place: Pick<Bucket, 'client' | 'timeLimits'>, request: BodyRequest): Promise<OpenBody> {
	const {bucket, key, versionId, etag, start = 0, end, signal} = request;
	const isWhole = start === 0 && end === undefined;
	const input: GetObjectCommandInput = {
		Bucket: bucket,
		Key: key,
		...(versionId !== undefined && {VersionId: versionId}),
		...(etag !== undefined && {IfMatch: etag}),
		...(!isWhole && {Range: `bytes=${start}-${end === undefined ? '' : end - 1}`}),
	};
	const answer = await call(place, {what: 'the answer', signal}, abortSignal =>
		place.client.send(new GetObjectCommand(input), {abortSignal}),
	);
	const stream = answer.Body as Readable;
	// Nobody may be reading it when it breaks.
	stream.on('error', () => {});
	return {stream, etag: answer.ETag ?? '', bytes: answer.ContentLength ?? 0, metadata: answer.Metadata ?? {}};
}

const MOST_BREAKS = 3;

/**
 * The pieces of a body. One that breaks off is asked for again from there on, as long as the object is the same and something comes.
 * @throws what broke it last.
 */
export async function* readBody(
	place: Pick<Bucket, 'client' | 'timeLimits'>,
	request: BodyRequest,
	first: OpenBody,
): AsyncGenerator<Uint8Array> {
	const {start = 0} = request;
	let body = first;
	let at = 0;
	let breaks = 0;
	for (;;) {
		try {
			for await (const piece of readPieces(body.stream, {idleMs: place.timeLimits.idleMs, signal: request.signal})) {
				at += piece.length;
				breaks = 0;
				yield piece;
			}
			if (at >= first.bytes) return;
			throw new Error(`the body ended before all data had come: ${at} of ${first.bytes} bytes`);
		} catch (error) {
			request.signal?.throwIfAborted();
			const isWorthIt = ['timeout', 'unavailable'].includes(recognise(error)) && ++breaks <= MOST_BREAKS;
			if (!isWorthIt) throw error;
			if (at >= first.bytes) return;
		}
		body = await openBody(place, {...request, start: start + at, end: start + first.bytes, etag: first.etag});
	}
}

/** Chunk by chunk, each within its time. Whoever stops early closes the connection. */
async function* readPieces(
	stream: Readable,
	{idleMs, signal}: {readonly idleMs: number; readonly signal: AbortSignal | undefined},
): AsyncGenerator<Uint8Array> {
	const giveUp = (): void => void stream.destroy(lateness('the next piece of the body', idleMs));
	const abort = (): void => void stream.destroy(new Error('aborted'));
	signal?.addEventListener('abort', abort, {once: true});
	const pieces = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
	try {
		for (;;) {
			signal?.throwIfAborted();
			const timer = setTimeout(giveUp, idleMs);
			const next = await pieces.next().finally(() => clearTimeout(timer));
			if (next.done === true) return;
			yield next.value;
		}
	} finally {
		signal?.removeEventListener('abort', abort);
		stream.destroy();
	}
}

/** All pieces in one buffer of the announced size, which owns its memory. */
export async function fillBuffer(pieces: AsyncIterable<Uint8Array>, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
	const buffer = new Uint8Array(new ArrayBuffer(bytes));
	let at = 0;
	for await (const piece of pieces) {
		buffer.set(piece, at);
		at += piece.length;
	}
	return buffer;
}
