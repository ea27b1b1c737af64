import {Deserializer, Serializer} from 'node:v8';

/**
 * A value as bytes, by the rules of the thread border. Node's own messages between processes know others: a view arrives on top of
 * the whole message, and a buffer that was moved away arrives empty.
 * @throws DataCloneError, as structuredClone does, and also where only the thread border knows a way.
 */
export function pack(value: unknown): Buffer {
	if (holdsHandle(value, new Set())) throw refuse('A handle of this process could not be cloned.');
	const serializer = new Serializer();
	serializer.writeHeader();
	try {
		serializer.writeValue(value);
	} catch (cause) {
		throw refuse(cause instanceof Error ? cause.message : String(cause));
	}
	return serializer.releaseBuffer();
}

export function unpack(parcel: Uint8Array): unknown {
	const deserializer = new Deserializer(parcel);
	deserializer.readHeader();
	return deserializer.readValue();
}

const refuse = (message: string): DOMException => new DOMException(message, 'DataCloneError');

// How Node marks what it carries from thread to thread by itself: blobs, keys, streams. To V8 they are empty objects.
const marks = [Blob.prototype, ReadableStream.prototype]
	.flatMap(prototype => Object.getOwnPropertySymbols(prototype))
	.filter(({description}) => description === 'messaging_clone_symbol' || description === 'messaging_transfer_symbol');

function holdsHandle(value: unknown, seen: Set<object>): boolean {
	if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value)) return false;
	seen.add(value);
	if (marks.some(mark => mark in value)) return true;
	const parts = value instanceof Map ? [...value.keys(), ...value.values()] : value instanceof Set ? [...value] : Object.values(value);
	return parts.some(part => holdsHandle(part, seen));
}
