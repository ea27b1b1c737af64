import {TwolaneError} from '../../lanes/errors.ts';
import {httpClient, type HttpOptions} from './client.ts';
import type {Answer} from './exchange.ts';
import {nameOf} from './target.ts';

export interface OpenUrlOptions extends HttpOptions {
	readonly signal: AbortSignal;
	/** Default: no cap. */
	readonly maxBytes?: number;
}

/** A body on its way; disposing of it closes the connection. */
export interface OpenedUrl extends AsyncDisposable {
	/** Where the body came from in the end, after redirects. */
	readonly url: URL;
	/** The announced length, when there is one. */
	readonly bytes?: number;
	/** Iterate it once. Throws what a read throws. */
	readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Opens a URL as a stream, behind the same guard as a read: for a manifest, which may be larger than memory.
 * @example
 * await using manifest = await openUrl(url, {signal});
 * for await (const chunk of manifest.body) parse(chunk);
 */
export async function openUrl(url: string, options: OpenUrlOptions): Promise<OpenedUrl> {
	const client = httpClient(options);
	const close = (): Promise<void> => Promise.resolve(client[Symbol.asyncDispose]());
	try {
		const answer = await client.open(url, options.signal);
		const {length} = answer;
		return {
			url: answer.url,
			...(length !== undefined && {bytes: length}),
			body: stream(answer, options.maxBytes),
			[Symbol.asyncDispose]: close,
		};
	} catch (error) {
		await close();
		throw error;
	}
}

async function* stream(answer: Answer, maxBytes = Number.POSITIVE_INFINITY): AsyncGenerator<Uint8Array> {
	let size = 0;
	for (let chunk = await answer.next(); chunk; chunk = await answer.next()) {
		size += chunk.length;
		if (size > maxBytes) throw new TwolaneError('TOO_MANY_BYTES', `${nameOf(answer.url)} is larger than the cap of ${maxBytes} bytes.`);
		yield chunk;
	}
	if (size === 0) throw new TwolaneError('EMPTY_BODY', `${nameOf(answer.url)} answered with an empty body.`);
}
