import {Problem} from './problems.ts';

/** Arrays and objects within each other, at most: what is deeper would overflow the stack of whoever writes it again. */
const MAX_DEPTH = 64;

/** The JSON of a request; `undefined` when it has no body. */
export async function readJsonBody(request: Request, maxBytes: number): Promise<unknown> {
	const bytes = await readBytes(request, maxBytes);
	if (bytes.length === 0) return undefined;
	checkType(request.headers);
	const value = parse(bytes);
	if (isDeeper(value, MAX_DEPTH))
		throw new Problem('JSON_INVALID', `The body has more than ${MAX_DEPTH} arrays or objects within each other.`);
	return value;
}

async function readBytes({headers, body}: Request, maxBytes: number): Promise<Uint8Array> {
	const tooLarge = new Problem(
		'BODY_TOO_LARGE',
		`The body has more than ${maxBytes.toLocaleString('en')} bytes: put the list into the bucket and name it as source.s3.`,
	);
	if (Number(headers.get('content-length') ?? 0) > maxBytes) throw tooLarge;
	const chunks: Uint8Array[] = [];
	let length = 0;
	if (body === null) return new Uint8Array();
	for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
		length += chunk.length;
		if (length > maxBytes) throw tooLarge;
		chunks.push(chunk);
	}
	const bytes = new Uint8Array(length);
	let at = 0;
	for (const chunk of chunks) {
		bytes.set(chunk, at);
		at += chunk.length;
	}
	return bytes;
}

/** Also what keeps a form of some other web page out: it cannot send this type. */
function checkType(headers: Headers): void {
	const type = headers.get('content-type') ?? 'none';
	if (!/^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/iu.test(type)) {
		throw new Problem('MEDIA_TYPE_UNSUPPORTED', `Send application/json, got ${type}.`, {headers: {accept: 'application/json'}});
	}
	const encoding = headers.get('content-encoding') ?? 'identity';
	if (encoding !== 'identity') throw new Problem('MEDIA_TYPE_UNSUPPORTED', `Send the body as it is, got Content-Encoding ${encoding}.`);
}

function parse(bytes: Uint8Array): unknown {
	try {
		return JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(bytes)) as unknown;
	} catch (error) {
		const isSyntax = error instanceof SyntaxError;
		throw new Problem('JSON_INVALID', isSyntax ? 'The body is not JSON.' : 'The body is not UTF-8.', {cause: error});
	}
}

function isDeeper(value: unknown, depth: number): boolean {
	if (typeof value !== 'object' || value === null) return false;
	if (depth === 0) return true;
	for (const part of Object.values(value)) if (isDeeper(part, depth - 1)) return true;
	return false;
}
