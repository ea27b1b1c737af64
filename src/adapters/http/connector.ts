import {lookup as systemLookup} from 'node:dns';
import {isIP, type LookupFunction} from 'node:net';
import type {buildConnector} from 'undici';
import {TwolaneError} from '../../lanes/errors.ts';
import {findDeniedRange} from './guard.ts';

export interface ConnectorOptions {
	/** undici's `buildConnector`, which is loaded late. */
	readonly build: typeof buildConnector;
	/** Exact origins (`scheme://host:port`) that may lead to private addresses. */
	readonly allowOrigins: ReadonlySet<string>;
	readonly connectMs: number;
	/** Destroys what is still connecting. */
	readonly signal: AbortSignal;
	/** Default: the system's resolver, which also reads the hosts file. */
	readonly lookup?: LookupFunction;
}

/**
 * Judges every new connection where no redirect, literal or resolver can get around it: the literal, every resolved address,
 * and the address that the socket really reached. undici pools connections per origin, so an allowed one serves no other origin.
 */
export function guardedConnector({
	build,
	allowOrigins,
	connectMs,
	signal,
	lookup = systemLookup,
}: ConnectorOptions): buildConnector.connector {
	// undici hands these on to net.connect, whose `signal` its types leave out.
	const base = {timeout: connectMs, signal} as buildConnector.BuildOptions;
	const connectFreely = build({...base, lookup});
	const connectGuarded = build({...base, lookup: guardLookup(lookup)});

	return (options, callback) => {
		const {origin} = new URL(`${options.protocol}//${options.host ?? options.hostname}`);
		if (allowOrigins.has(origin)) return connectFreely(options, reportResets(callback));
		const refusal = isIP(options.hostname) === 0 ? undefined : judge(origin, [options.hostname]);
		if (refusal) return callback(refusal, null);
		connectGuarded(options, judgeSocket(origin, reportResets(callback)));
	};
}

/** Refuses the whole answer of the resolver when one address in it is not public. */
function guardLookup(lookup: LookupFunction): LookupFunction {
	return (hostname, options, callback) => {
		lookup(hostname, {...options, all: true}, (error, found, family) => {
			if (error) return callback(error, found, family);
			const addresses = typeof found === 'string' ? [{address: found, family: family ?? isIP(found)}] : found;
			const [first] = addresses;
			const refusal = judge(
				hostname,
				addresses.map(({address}) => address),
			);
			if (refusal || !first) return callback(refusal ?? notFound(hostname), '');
			if (options.all) return callback(null, addresses);
			callback(null, first.address, first.family);
		});
	};
}

function judgeSocket(origin: string, callback: buildConnector.Callback): buildConnector.Callback {
	return (...[error, socket]) => {
		if (error) return callback(error, null);
		const refusal = judge(origin, [socket.remoteAddress ?? '']);
		if (!refusal) return callback(null, socket);
		socket.destroy();
		callback(refusal, null);
	};
}

/** The message names the range and not the address: what a private name resolves to is nobody's business. */
function judge(name: string, addresses: readonly string[]): TwolaneError | undefined {
	for (const address of addresses) {
		const range = findDeniedRange(address);
		if (range === undefined) continue;
		return new TwolaneError('ADDRESS_DENIED', `${name} leads to an address that is not public (${range})`);
	}
	return undefined;
}

const notFound = (hostname: string): Error => Object.assign(new Error(`${hostname} has no address`), {code: 'ENOTFOUND'});

/**
 * undici takes a reset on a connection that the server meant to close for the end of the body: one without Content-Length would
 * then look complete. Under another code it fails the request.
 */
function reportResets(callback: buildConnector.Callback): buildConnector.Callback {
	return (...[error, socket]) => {
		if (error) return callback(error, null);
		socket.on('error', renameReset);
		callback(null, socket);
	};
}

function renameReset(error: NodeJS.ErrnoException): void {
	if (error.code === 'ECONNRESET') error.code = 'ECONNABORTED';
}
