import type {Hold} from './bytes.ts';
import type {Entry} from './entry.ts';
import {TwolaneError} from './errors.ts';
import type {Context, Source} from './flow.ts';
import type {Lanes} from './lanes.ts';
import type {Output} from './outcome.ts';
import {baseName, outputKey} from './output-key.ts';
import type {Reader} from './ports.ts';

/** One item on its way through the lanes. */
export interface Work {
	readonly entry: Entry;
	/** The item as it was handed over: what the outcome shows. */
	readonly given: unknown;
	/** Whose gate it passes: the origin, the bucket, or the flow itself when nobody knows. */
	readonly host: string;
	/** Opened at the first byte. */
	hold: Hold | undefined;
	readonly timings: {fetchMs?: number; queueMs?: number; transformMs?: number; storeMs?: number};
	readonly outputs: Output[];
	attempts: number;
}

/** Records keep tenths of a millisecond: more is noise. */
export const roundMs = (ms: number): number => Math.round(ms * 10) / 10;

/** One try of one IO stage. */
export interface Attempt {
	readonly number: number;
	readonly stage: 'fetch' | 'store';
	readonly startMs: number;
	readonly outputs: Output[];
	/** Names of outputs written or being written. */
	claims?: Set<string>;
	/** Reads under way, those of them that wait for room in the byte gate, and how long they have waited. */
	readings: number;
	holders: number;
	heldMs: number;
	readonly controller: AbortController;
	/** Ends the try before its stage does. */
	end: (reason: unknown) => void;
}

/** What a stage sees of the world. */
export function createContext(lanes: Lanes, work: Work, attempt: Attempt): Context {
	const {id, item} = work.entry;
	return {
		id,
		item,
		options: lanes.options ?? {},
		attempt: attempt.number,
		signal: attempt.controller.signal,
		read: source => read(lanes, work, {attempt, source}),
		put: (name, body, options) => put(lanes, work, {attempt, name, body, contentType: options?.contentType}),
	};
}

async function read(
	lanes: Lanes,
	work: Work,
	{attempt, source}: {readonly attempt: Attempt; readonly source: Source},
): Promise<Uint8Array<ArrayBuffer>> {
	const reader = readerOf(lanes.readers, source);
	let reserved = 0;
	attempt.readings++;
	try {
		const bytes = await reader.read(source, {
			signal: attempt.controller.signal,
			maxBytes: lanes.limits.maxBytes,
			async reserve(wanted) {
				// A try that is over gets no room: nobody would give it back.
				attempt.controller.signal.throwIfAborted();
				const more = wanted - reserved;
				reserved = Math.max(reserved, wanted);
				if (more > 0) await hold(lanes, work, {attempt, bytes: more});
			},
		});
		lanes.ownBuffers.add(bytes.buffer);
		lanes.tally.bytesIn += bytes.byteLength;
		return bytes;
	} finally {
		attempt.readings--;
	}
}

async function hold(lanes: Lanes, work: Work, {attempt, bytes}: {readonly attempt: Attempt; readonly bytes: number}): Promise<void> {
	work.hold ??= lanes.bytes.open();
	const waiting = work.hold.grow(bytes);
	if (waiting === undefined) return;
	const {clock} = lanes;
	const sinceMs = clock.nowMs();
	attempt.holders++;
	try {
		await waiting;
	} finally {
		attempt.holders--;
		attempt.heldMs += clock.nowMs() - sinceMs;
	}
}

function readerOf(readers: readonly Reader[], source: Source): Reader {
	const scheme = 'url' in source ? 'url' : 's3' in source ? 's3' : 'file';
	const reader = readers.find(candidate => candidate.scheme === scheme);
	if (reader) return reader;
	const code = scheme === 's3' ? 'BUCKET_DENIED' : scheme === 'file' ? 'FILE_DENIED' : 'SCHEME_DENIED';
	throw new TwolaneError(code, `there is no reader for '${scheme}' sources in this run`, {stage: 'item'});
}

interface Put {
	readonly attempt: Attempt;
	readonly name: string;
	readonly body: Uint8Array | string;
	readonly contentType: string | undefined;
}

const encoder = new TextEncoder();

async function put(lanes: Lanes, work: Work, {attempt, name, body, contentType}: Put): Promise<Output> {
	const base = baseName(name);
	const refuse = (message: string) => new TwolaneError('STORE_FAILED', message, {retryable: false, stage: attempt.stage});
	if (lanes.store === undefined) throw refuse('put() was called, but the run was given no `out`');
	if (base === undefined) throw refuse(`'${name}' is no output name: use letters, digits, - and _, and one extension`);
	// Some disks do not tell capitals apart.
	const claim = base.toLowerCase();
	const claims = (attempt.claims ??= new Set(work.outputs.map(output => output.name.toLowerCase())));
	if (claims.has(claim)) throw refuse(`two outputs are named '${base}'`);
	claims.add(claim);
	const bytes = typeof body === 'string' ? encoder.encode(body) : body;
	const key = outputKey(work.entry.id, name, lanes.sha256);
	const options = {n: work.entry.n, signal: attempt.controller.signal, ...(contentType !== undefined && {contentType})};
	const {sha256} = await lanes.store.put(key, bytes, options).catch((error: unknown) => {
		claims.delete(claim);
		throw error;
	});
	const output: Output = {name: base, key, bytes: bytes.byteLength, sha256};
	attempt.outputs.push(output);
	lanes.tally.bytesOut += bytes.byteLength;
	return output;
}
