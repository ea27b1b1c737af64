import {TwolaneError} from '../../lanes/errors.ts';
import {reserve} from '../../lanes/reserve.ts';
import type {ReadContext} from '../../lanes/ports.ts';
import type {Answer} from './exchange.ts';
import {nameOf} from './target.ts';

/** The first buffer of a body without an announced length; it doubles from there. */
const FIRST_BYTES = 64 * 1024;

type Bytes = Uint8Array<ArrayBuffer>;

/** Reads a body into one buffer of exactly its size, which owns its memory so that it can be moved to a thread. */
export async function readWhole(answer: Answer, context: ReadContext): Promise<Bytes> {
	try {
		const body = answer.length === undefined ? await readGrowing(answer, context) : await readExact(answer, answer.length, context);
		if (body.length === 0) throw new TwolaneError('EMPTY_BODY', `${nameOf(answer.url)} answered with an empty body.`);
		return body;
	} catch (error) {
		answer.close();
		throw error;
	}
}

async function readExact(answer: Answer, length: number, context: ReadContext): Promise<Bytes> {
	if (length > context.maxBytes) throw tooManyBytes(answer, `announced ${length} bytes`, context);
	await reserve(length, context);
	const body = new Uint8Array(new ArrayBuffer(length));
	let size = 0;
	// undici fails a body that is shorter or longer than announced, so the buffer is filled exactly.
	for (let chunk = await answer.next(); chunk; chunk = await answer.next()) {
		body.set(chunk, size);
		size += chunk.length;
	}
	return body;
}

async function readGrowing(answer: Answer, context: ReadContext): Promise<Bytes> {
	const {maxBytes} = context;
	let buffer = new ArrayBuffer(0);
	let size = 0;
	for (let chunk = await answer.next(); chunk; chunk = await answer.next()) {
		const needed = size + chunk.length;
		if (needed > maxBytes) throw tooManyBytes(answer, `sent at least ${needed} bytes`, context);
		if (needed > buffer.byteLength) {
			const capacity = Math.min(maxBytes, Math.max(needed, FIRST_BYTES, buffer.byteLength * 2));
			await reserve(capacity, context);
			buffer = buffer.transfer(capacity);
		}
		new Uint8Array(buffer, size).set(chunk);
		size = needed;
	}
	return new Uint8Array(buffer.transfer(size));
}

const tooManyBytes = ({url}: Answer, found: string, {maxBytes}: ReadContext): TwolaneError =>
	new TwolaneError('TOO_MANY_BYTES', `${nameOf(url)} ${found}, the cap is ${maxBytes}. Raise --max-bytes if it is meant to be so large.`);
