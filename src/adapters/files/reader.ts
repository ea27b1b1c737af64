import {constants} from 'node:fs';
import {open, type FileHandle} from 'node:fs/promises';
import {TwolaneError, type Code} from '../../lanes/errors.ts';
import {reserve} from '../../lanes/reserve.ts';
import type {ReadContext, Reader} from '../../lanes/ports.ts';

/** An abort is noticed between two of these. */
const PIECE_BYTES = 8 * 1024 * 1024;

type Bytes = Uint8Array<ArrayBuffer>;

/** Reads `{file}` sources, given as absolute paths, whole into one buffer of exactly their size. */
export function fileReader(): Reader {
	return {
		scheme: 'file',
		async read(source, context) {
			if (!('file' in source)) throw new TwolaneError('INTERNAL', 'The file reader was given a source that is not a file.');
			return readFile(source.file, context);
		},
	};
}

async function readFile(path: string, context: ReadContext): Promise<Bytes> {
	context.signal.throwIfAborted();
	// Opening a pipe without O_NONBLOCK waits for its writer, for ever if need be.
	const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(error => {
		throw describeFailure(error, path);
	});
	try {
		const size = await measure(handle, path, context.maxBytes);
		await reserve(size, context);
		const body = new Uint8Array(new ArrayBuffer(size));
		await fill(handle, body, path, context.signal);
		return body;
	} finally {
		await handle.close();
	}
}

async function measure(handle: FileHandle, path: string, maxBytes: number): Promise<number> {
	const stats = await handle.stat();
	if (!stats.isFile()) throw new TwolaneError('FILE_UNREADABLE', `${path} is not a regular file.`);
	if (stats.size === 0) throw new TwolaneError('EMPTY_BODY', `${path} is empty.`);
	if (stats.size <= maxBytes) return stats.size;
	throw new TwolaneError('TOO_MANY_BYTES', `${path} has ${stats.size} bytes, the cap is ${maxBytes}. Raise --max-bytes to read it.`);
}

async function fill(handle: FileHandle, body: Bytes, path: string, signal: AbortSignal): Promise<void> {
	let size = 0;
	while (size < body.length) {
		signal.throwIfAborted();
		const {bytesRead} = await handle.read(body, size, Math.min(PIECE_BYTES, body.length - size), size).catch(error => {
			throw describeFailure(error, path);
		});
		if (bytesRead === 0) throw new TwolaneError('BODY_TRUNCATED', `${path} shrank from ${body.length} to ${size} bytes while it was read.`);
		size += bytesRead;
	}
}

/** What has no row here is this file's own trouble, and stays. */
const table: Readonly<Record<string, Code | undefined>> = {
	ENOENT: 'FILE_NOT_FOUND',
	ENOTDIR: 'FILE_NOT_FOUND',
	EMFILE: 'FETCH_FAILED',
	ENFILE: 'FETCH_FAILED',
	ENOMEM: 'FETCH_FAILED',
	EIO: 'FETCH_FAILED',
};

function describeFailure(error: NodeJS.ErrnoException, path: string): TwolaneError {
	const code = table[error.code ?? ''] ?? 'FILE_UNREADABLE';
	return new TwolaneError(code, `${path} cannot be read (${error.code ?? error.message})`, {cause: error});
}
