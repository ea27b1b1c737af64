import type {LookupFunction} from 'node:net';
import {TwolaneError} from '../../lanes/errors.ts';
import {retryAfterMs} from '../../lanes/retry-after.ts';
import {guardedConnector} from './connector.ts';
import {drain} from './drain.ts';
import {send, type Answer} from './exchange.ts';
import {originPools, type OriginPools} from './origin-pools.ts';
import {nameOf, readTarget} from './target.ts';

/** Time limits of one connection, in milliseconds. The limit of the whole read is the caller's signal. */
export interface HttpTimeouts {
	/** Name lookup, TCP and TLS together. Default 10,000. */
	readonly connectMs: number;
	/** From the request to the end of the answer's headers. Default 15,000. */
	readonly headersMs: number;
	/** From one piece of the body to the next, not counting the time in which we do not read. Default 10,000. */
	readonly idleMs: number;
}

export interface HttpOptions {
	/** Exact origins (`http://127.0.0.1:8000`) that may lead to private addresses. Default: none. */
	readonly allowOrigins?: readonly string[];
	/** undici counts these with a clock of half a second, so a limit may last up to a second longer. */
	readonly timeouts?: Partial<HttpTimeouts>;
	/** Default 256, above any gate of the lanes: they bound the concurrency, and this only catches a mistake. */
	readonly maxConnectionsPerOrigin?: number;
	/** How names become addresses. Default: the system's resolver. */
	readonly lookup?: LookupFunction;
}

const defaultTimeouts: HttpTimeouts = {connectMs: 10_000, headersMs: 15_000, idleMs: 10_000};
const DEFAULT_CONNECTIONS_PER_ORIGIN = 256;
const MAX_REDIRECTS = 5;
const redirectStatuses = new Set([301, 302, 303, 307, 308]);

export interface HttpClient extends AsyncDisposable {
	/** Resolves at the headers of a good answer: 2xx, not encoded, after at most five redirects, each judged afresh. */
	open(url: string, signal: AbortSignal): Promise<Answer>;
}

/** The one way to a web server. @throws TypeError when an allowed origin is not a URL. */
export function httpClient(options: HttpOptions = {}): HttpClient {
	const timeouts = {...defaultTimeouts, ...options.timeouts};
	const allowOrigins = new Set(options.allowOrigins?.map(origin => new URL(origin).origin));
	const disposal = new AbortController();
	let loading: Promise<OriginPools> | undefined;

	/** Importing undici costs 40-97 ms, so only the first read of a URL pays for it. */
	async function load(): Promise<OriginPools> {
		// By its default: a bundle gives a module of the old kind no other name.
		const {Pool, buildConnector} = (await import('undici')).default;
		const {lookup, maxConnectionsPerOrigin: connections = DEFAULT_CONNECTIONS_PER_ORIGIN} = options;
		const connect = guardedConnector({
			build: buildConnector,
			allowOrigins,
			connectMs: timeouts.connectMs,
			signal: disposal.signal,
			...(lookup && {lookup}),
		});
		return originPools(origin => new Pool(origin, {connect, connections}));
	}

	return {
		async open(text, signal) {
			let url = readTarget(text);
			loading ??= load();
			const pools = await loading;
			for (let redirects = 0; ; redirects++) {
				const answer = await send(pools.of(url.origin), url, {...timeouts, signal});
				if (!redirectStatuses.has(answer.status)) return requireGood(answer);
				await drain(answer);
				if (redirects === MAX_REDIRECTS) throw tooManyRedirects(text);
				url = readLocation(answer);
			}
		},
		async [Symbol.asyncDispose]() {
			disposal.abort();
			const pools = await loading;
			await pools?.destroy();
		},
	};
}

async function requireGood(answer: Answer): Promise<Answer> {
	const problem = findProblem(answer);
	if (!problem) return answer;
	await drain(answer);
	throw problem;
}

function findProblem({url, status, headers, length}: Answer): TwolaneError | undefined {
	const name = nameOf(url);
	if (status > 299) return statusError(name, status, headers);
	if (status === 204 || status === 205 || length === 0) {
		return new TwolaneError('EMPTY_BODY', `${name} answered with status ${status} and an empty body.`);
	}
	if (status === 206) return new TwolaneError('PROTOCOL_ERROR', `${name} answered with a part (status 206); the whole was asked for.`);
	// Several headers come as a list.
	const encoding = [headers['content-encoding'] ?? 'identity'].join(', ');
	if (encoding.toLowerCase() === 'identity') return undefined;
	return new TwolaneError('ENCODING_DENIED', `${name} came with Content-Encoding ${JSON.stringify(encoding)}; it was asked for identity.`);
}

function statusError(name: string, status: number, headers: Answer['headers']): TwolaneError {
	const waitMs = retryAfterMs(headers['retry-after'], headers.date);
	return new TwolaneError('HTTP_STATUS', `${name} answered with status ${status}.`, {
		status,
		...(waitMs !== undefined && {retryAfterMs: waitMs}),
	});
}

function readLocation({url, status, headers}: Answer): URL {
	const {location} = headers;
	if (typeof location === 'string' && location !== '') return readTarget(location, url);
	throw new TwolaneError('PROTOCOL_ERROR', `${nameOf(url)} redirected (status ${status}) without saying where to.`);
}

const tooManyRedirects = (text: string): TwolaneError =>
	new TwolaneError('REDIRECT_LIMIT', `${nameOf(new URL(text))} redirected more than ${MAX_REDIRECTS} times.`);
