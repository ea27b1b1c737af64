import {TwolaneError, describeCode, type Code} from '../../lanes/errors.ts';
import {nameOf} from './target.ts';

/** Before the headers, or in the body: the same end of a connection means different things. */
export type Phase = 'head' | 'body';

/** What undici 7 and Node call a failure, and what we call it; each row was seen from a server that misbehaves so. */
const table: Readonly<Record<string, Code | undefined>> = {
	ENOTFOUND: 'DNS_NOT_FOUND',
	ENODATA: 'DNS_NOT_FOUND',
	EAI_AGAIN: 'DNS_FAILED',
	EAI_FAIL: 'DNS_FAILED',
	EAI_MEMORY: 'DNS_FAILED',
	EAI_SYSTEM: 'DNS_FAILED',
	ESERVFAIL: 'DNS_FAILED',
	ECONNREFUSED: 'CONNECT_FAILED',
	EHOSTUNREACH: 'CONNECT_FAILED',
	EHOSTDOWN: 'CONNECT_FAILED',
	ENETUNREACH: 'CONNECT_FAILED',
	EADDRNOTAVAIL: 'CONNECT_FAILED',
	EMFILE: 'CONNECT_FAILED',
	UND_ERR_CONNECT_TIMEOUT: 'CONNECT_TIMEOUT',
	ETIMEDOUT: 'CONNECT_TIMEOUT',
	UND_ERR_HEADERS_TIMEOUT: 'HEADERS_TIMEOUT',
	UND_ERR_BODY_TIMEOUT: 'BODY_TIMEOUT',
	UND_ERR_SOCKET: 'CONNECTION_RESET',
	ECONNRESET: 'CONNECTION_RESET',
	ECONNABORTED: 'CONNECTION_RESET',
	EPIPE: 'CONNECTION_RESET',
	UND_ERR_HEADERS_OVERFLOW: 'PROTOCOL_ERROR',
	UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'PROTOCOL_ERROR',
	UND_ERR_DESTROYED: 'INTERNAL',
	UND_ERR_CLOSED: 'INTERNAL',
};

const inBody: Readonly<Record<string, Code | undefined>> = {
	UND_ERR_SOCKET: 'BODY_TRUNCATED',
	UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'BODY_TRUNCATED',
	ETIMEDOUT: 'CONNECTION_RESET',
};

// OpenSSL's verification results have no common prefix.
const tls = /^(?:CERT_|CRL_|DEPTH_ZERO_|ERROR_IN_CERT_|ERR_SSL_|ERR_TLS_|HOSTNAME_|INVALID_CA|SELF_SIGNED_|UNABLE_TO_|EPROTO$)/u;

/** The table's code for what undici reported. */
export function nameFailure(error: Error, phase: Phase): Code {
	const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
	// undici 7 gives its parser's errors a name and a sentence but no code.
	if (error.name === 'HTTPParserError') return phase === 'body' && error.message.includes('EOF') ? 'BODY_TRUNCATED' : 'PROTOCOL_ERROR';
	if (code === 'UND_ERR_SOCKET' && error.message.startsWith('bad ')) return 'PROTOCOL_ERROR';
	if (tls.test(code)) return 'TLS_INVALID';
	return (phase === 'body' ? inBody[code] : undefined) ?? table[code] ?? 'FETCH_FAILED';
}

/** What undici reported, as the project's own error. */
export function describeFailure(error: Error, url: URL, phase: Phase): TwolaneError {
	if (error instanceof TwolaneError) return error;
	const code = nameFailure(error, phase);
	const sentence = describeCode(code)?.sentence ?? '';
	return new TwolaneError(code, `${nameOf(url)}: ${sentence} (${error.message})`, {cause: error});
}
