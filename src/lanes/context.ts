import type {Hold} from './bytes.ts';
import type {Entry} from './entry.ts';
import {TwolaneError} from './errors.ts';
import type {Context, Source} from './flow.ts';
import type {Lanes} from './lanes.ts';
import type {Output} from './outcome.ts';
import {baseName, outputKey} from './output-key.ts';

/** One item on its way through the lanes. */
export interface Work {
	readonly entry: Entry;
	/** Whose gate it passes: the origin, the bucket, or the flow itself when nobody knows. */
	readonly host: string;
	readonly hold: Hold;
	readonly timings: {fetchMs?: number; queueMs?: number; transformMs?: number; storeMs?: number};
	readonly outputs: Output[];
	attempts: number;
}

/** What the attempt knows about its own context. */
export interface ContextState {
	readonly outputs: readonly Output[];
	abort(reason: unknown): void;
	isReading(): boolean;
	/** Whether it waits for bytes at this moment, and how long it has waited in all. */
	isHeld(): boolean;
	heldMs(): number;
}

const encoder = new TextEncoder();

/** What a stage sees of the world. Made for each attempt; the signal only when somebody looks at it. */
export function createContext(
	lanes: Lanes,
	work: Work,
	{attempt, stage}: {readonly attempt: number; readonly stage: 'fetch' | 'store'},
): {readonly context: Context; readonly state: ContextState} {
	const {clock, limits} = lanes;
	const {id, item} = work.entry;
	const outputs: Output[] = [];
	let controller: AbortController | undefined;
	let readings = 0;
	let holders = 0;
	let heldMs = 0;
	const openSignal = (): AbortSignal => (controller ??= new AbortController()).signal;

	async function reserve(bytes: number): Promise<void> {
		const waiting = work.hold.grow(bytes);
		if (waiting === undefined) return;
		const sinceMs = clock.nowMs();
		holders++;
		await waiting;
		holders--;
		heldMs += clock.nowMs() - sinceMs;
	}

	async function read(source: Source): Promise<Uint8Array<ArrayBuffer>> {
		const reader = readerOf(lanes, source);
		let reserved = 0;
		readings++;
		try {
			const bytes = await reader.read(source, {
				signal: openSignal(),
				maxBytes: limits.maxBytes,
				async reserve(wanted) {
					const more = wanted - reserved;
					reserved = Math.max(reserved, wanted);
					if (more > 0) await reserve(more);
				},
			});
			lanes.ownBuffers.add(bytes.buffer);
			lanes.tally.bytesIn += bytes.byteLength;
			return bytes;
		} finally {
			readings--;
		}
	}

	async function put(name: string, body: Uint8Array | string, {contentType}: {readonly contentType?: string} = {}): Promise<Output> {
		const base = baseName(name);
		if (lanes.store === undefined) throw refuse(stage, 'put() was called, but the run was given no `out`');
		if (base === undefined) throw refuse(stage, `'${name}' is no output name: use letters, digits, - and _, and one extension`);
		if ([...work.outputs, ...outputs].some(output => output.name === base)) throw refuse(stage, `two outputs are named '${base}'`);
		const bytes = typeof body === 'string' ? encoder.encode(body) : body;
		const key = outputKey(id, name, lanes.sha256);
		const {sha256} = await lanes.store.put(key, bytes, {signal: openSignal(), ...(contentType !== undefined && {contentType})});
		const output: Output = {name: base, key, bytes: bytes.byteLength, sha256};
		outputs.push(output);
		lanes.tally.bytesOut += bytes.byteLength;
		return output;
	}

	const context: Context = {
		id,
		item,
		options: lanes.options ?? {},
		attempt,
		get signal() {
			return openSignal();
		},
		read,
		put,
	};
	const state: ContextState = {
		outputs,
		abort: reason => controller?.abort(reason),
		isReading: () => readings > 0,
		isHeld: () => holders > 0,
		heldMs: () => heldMs,
	};
	return {context, state};
}

function readerOf({readers}: Lanes, source: Source) {
	const scheme = 'url' in source ? 'url' : 's3' in source ? 's3' : 'file';
	const reader = readers.find(candidate => candidate.scheme === scheme);
	if (reader) return reader;
	const code = scheme === 's3' ? 'BUCKET_DENIED' : scheme === 'file' ? 'FILE_DENIED' : 'SCHEME_DENIED';
	throw new TwolaneError(code, `there is no reader for '${scheme}' sources in this run`, {stage: 'item'});
}

const refuse = (stage: 'fetch' | 'store', message: string): TwolaneError =>
	new TwolaneError('STORE_FAILED', message, {retryable: false, stage});
