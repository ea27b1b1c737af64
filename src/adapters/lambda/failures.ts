import {TwolaneError} from '../../lanes/errors.ts';
import type {Dispatched} from '../../runs/engine.ts';

/** What the function itself lacks comes with a 502, too, but no wait cures it. */
const permanent = /^(?:Invalid|KMS)/u;
/** Busy for now: the account's or the function's concurrency, a deployment under way, a frozen environment that is thawed. */
const passing = new Set([
	'TooManyRequestsException',
	'ResourceConflictException',
	'ResourceNotReadyException',
	'SnapStartNotReadyException',
]);
/** Codes of Node and names of the SDK for a call whose answer never came. Whether a worker began, nobody knows. */
const unheard = new Set([
	'TimeoutError',
	'ECONNRESET',
	'ECONNREFUSED',
	'EPIPE',
	'ETIMEDOUT',
	'EAI_AGAIN',
	'EHOSTUNREACH',
	'ENETUNREACH',
	'UND_ERR_SOCKET',
	'EMFILE',
	'ENFILE',
]);

/**
 * What a refused or lost invocation means: `throttled` asks for another try, and is nobody's fault.
 * @throws TwolaneError `ENGINE_DENIED` for what no second try will cure.
 */
export function judgeFailure(error: unknown, functionName: string): Dispatched & {readonly kind: 'throttled'} {
	const {name = '', code = '', message, status} = readError(error);
	const isServerFault = status !== undefined && status >= 500 && !permanent.test(name);
	if (passing.has(name) || status === 429 || isServerFault || unheard.has(name) || unheard.has(code)) {
		return {kind: 'throttled', message: `${functionName} could not be invoked: ${message}`};
	}
	throw new TwolaneError('ENGINE_DENIED', `${functionName} cannot be invoked: ${message}`, {retryable: false, stage: 'run', cause: error});
}

function readError(error: unknown) {
	const {name, code, message, $metadata} = (error ?? {}) as {
		readonly name?: string;
		readonly code?: string;
		readonly message?: string;
		readonly $metadata?: {readonly httpStatusCode?: number};
	};
	return {name, code, status: $metadata?.httpStatusCode, message: [name, message].filter(Boolean).join(': ') || String(error)};
}
