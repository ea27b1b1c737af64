import {createHash} from 'node:crypto';
import {TwolaneError} from '../../src/lanes/errors.ts';
import type {ObjectStore, WriteOptions} from '../../src/runs/object-store.ts';

/** One call of the store, just before it takes effect. For `list` the key is the prefix. */
export interface StoreStep {
	readonly op: 'put' | 'create' | 'replace' | 'write' | 'get' | 'head' | 'read' | 'list' | 'remove';
	readonly key: string;
}

export interface MemoryObject {
	readonly body: Uint8Array;
	readonly text: string;
	readonly etag: string;
	readonly metadata: Readonly<Record<string, string>>;
	readonly contentType?: string;
	readonly modifiedMs: number;
}

export interface MemoryObjects extends ObjectStore {
	/** What is stored now. */
	readonly objects: ReadonlyMap<string, MemoryObject>;
}

export interface MemoryObjectsOptions {
	/** Default: false, as a folder. */
	readonly isShared?: boolean;
	/** Default: `memory:`. */
	readonly uri?: string;
	/** Its clock; default: it says of no object when it was written. */
	readonly wallMs?: () => number;
	/** Awaited before each operation takes effect: it may hold it, or throw, and then nothing happened. */
	readonly before?: (step: StoreStep) => void | Promise<void>;
}

const sha256 = (body: Uint8Array): string => createHash('sha256').update(body).digest('hex');
const toBytes = (body: Uint8Array | string): Uint8Array => Uint8Array.from(Buffer.from(body as Uint8Array));

/** An object store that forgets; each operation takes effect at one moment. */
export function memoryObjects({isShared = false, uri = 'memory:', before = () => {}, wallMs}: MemoryObjectsOptions = {}): MemoryObjects {
	const objects = new Map<string, MemoryObject>();
	let versions = 0;

	function keep(key: string, given: Uint8Array | string, {contentType, metadata}: WriteOptions = {}): void {
		const body = toBytes(given);
		objects.set(key, {
			body,
			get text() {
				return Buffer.from(body).toString();
			},
			etag: `${sha256(body)}-${versions++}`,
			metadata: isShared ? {...metadata} : {},
			...(contentType !== undefined && {contentType}),
			modifiedMs: wallMs?.() ?? 0,
		});
	}

	function listNow(prefix: string, after: string | undefined) {
		return [...objects.keys()]
			.filter(key => key.startsWith(prefix))
			.map(key => ({key, order: Buffer.from(key)}))
			.filter(({order}) => after === undefined || Buffer.compare(order, Buffer.from(after)) > 0)
			.sort((one, other) => Buffer.compare(one.order, other.order))
			.map(({key}) => {
				const {body, modifiedMs} = objects.get(key) as MemoryObject;
				return {key, bytes: body.length, ...(wallMs && {modifiedMs})};
			});
	}

	return {
		uri,
		isShared,
		objects,
		async put(key, body, {signal, ...options}) {
			signal.throwIfAborted();
			await before({op: 'put', key});
			signal.throwIfAborted();
			keep(key, body, options);
			return {sha256: sha256(body)};
		},
		async create(key, body, options) {
			await before({op: 'create', key});
			if (objects.has(key)) return false;
			keep(key, body, options);
			return true;
		},
		async replace(key, body, {etag, ...options}) {
			await before({op: 'replace', key});
			if (objects.get(key)?.etag !== etag) return false;
			keep(key, body, options);
			return true;
		},
		async write(key, chunks) {
			const parts: Uint8Array[] = [];
			for await (const chunk of chunks) parts.push(toBytes(chunk));
			await before({op: 'write', key});
			keep(key, Buffer.concat(parts));
		},
		async get(key) {
			await before({op: 'get', key});
			const found = objects.get(key);
			return found && {body: found.body.slice(), etag: found.etag, metadata: found.metadata};
		},
		async head(key) {
			await before({op: 'head', key});
			const found = objects.get(key);
			return found && {etag: found.etag, metadata: found.metadata};
		},
		async *read(key, {start = 0, end = Infinity} = {}) {
			await before({op: 'read', key});
			const body = objects.get(key)?.body;
			if (body === undefined)
				throw new TwolaneError('STORE_FAILED', `${key} could not be read: there is no such object`, {retryable: false});
			if (start < Math.min(end, body.length)) yield body.slice(start, Math.min(end, body.length));
		},
		async *list(prefix, {after} = {}) {
			await before({op: 'list', key: prefix});
			yield* listNow(prefix, after);
		},
		async remove(key) {
			await before({op: 'remove', key});
			objects.delete(key);
		},
	};
}
