import {joinBytes} from './join-bytes.ts';
import {ManifestError} from './manifest-error.ts';

/** Whatever size the source's chunks have, a piece stays small: it bounds the batch of rows that is held at once. */
const PIECE_BYTES = 65_536;
const NEWLINE = 0x0a;

// Whole characters in one call, not `stream: true`: then the bytes of a failed call are known, and so is the line.
const decoder = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});

/** Decodes UTF-8 without its byte order mark. @throws ManifestError with the line, when the bytes are not text in UTF-8. */
export async function* decodeText(chunks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<string> {
	let line = 1;
	let isFirst = true;
	for await (const piece of cutAtCharacters(chunks)) {
		const decoded = decodePiece(piece, {line, name});
		line += countLines(decoded);
		const text = isFirst && decoded.startsWith('\uFEFF') ? decoded.slice(1) : decoded;
		isFirst = false;
		if (text !== '') yield text;
	}
}

async function* cutAtCharacters(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
	let carry: Uint8Array = new Uint8Array(0);
	for await (const chunk of chunks) {
		for (let start = 0; start < chunk.length; start += PIECE_BYTES) {
			const bytes = joinBytes(carry, chunk.subarray(start, start + PIECE_BYTES));
			const end = findCharacterEnd(bytes);
			carry = bytes.slice(end);
			if (end > 0) yield bytes.subarray(0, end);
		}
	}
	if (carry.length > 0) yield carry;
}

/** Where the last whole character ends: a lead byte among the last three may still miss some of its followers. */
function findCharacterEnd(bytes: Uint8Array): number {
	for (let back = 1; back <= Math.min(3, bytes.length); back++) {
		const byte = bytes[bytes.length - back] ?? 0;
		if ((byte & 0xc0) === 0x80) continue;
		const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
		return length > back ? bytes.length - back : bytes.length;
	}
	return bytes.length;
}

function decodePiece(piece: Uint8Array, {line, name}: {readonly line: number; readonly name: string}): string {
	const text = tryDecode(piece);
	if (text === undefined) throw refuse(name, line + countLinesBeforeDamage(piece), 'bytes that are not UTF-8');
	const nul = text.indexOf('\0');
	if (nul >= 0) throw refuse(name, line + countLines(text.slice(0, nul)), 'a NUL byte');
	return text;
}

function tryDecode(bytes: Uint8Array): string | undefined {
	try {
		return decoder.decode(bytes);
	} catch {
		return undefined;
	}
}

const refuse = (manifest: string, line: number, found: string): ManifestError =>
	new ManifestError([
		{
			manifest,
			line,
			problem: `not a manifest: it has ${found}. Expected text in UTF-8 (JSONL, JSON, CSV, TSV or one source a line), not UTF-16 or a binary file`,
		},
	]);

function countLines(text: string): number {
	let count = 0;
	for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
	return count;
}

function countLinesBeforeDamage(piece: Uint8Array): number {
	let count = 0;
	for (let start = 0; ; count++) {
		const newline = piece.indexOf(NEWLINE, start);
		if (newline < 0 || tryDecode(piece.subarray(start, newline)) === undefined) return count;
		start = newline + 1;
	}
}
