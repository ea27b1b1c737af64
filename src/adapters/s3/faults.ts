/** What went wrong with a call, whatever the SDK calls it. */
export type Trouble =
	| 'missing'
	| 'no-bucket'
	| 'denied'
	| 'no-credentials'
	| 'archived'
	| 'throttled'
	| 'full'
	| 'timeout'
	| 'checksum'
	| 'unavailable'
	| 'changed'
	| 'conflict'
	| 'refused';

const byName: Readonly<Record<string, Trouble | undefined>> = {
	NoSuchBucket: 'no-bucket',
	NoSuchKey: 'missing',
	NoSuchVersion: 'missing',
	NotFound: 'missing',
	AccessDenied: 'denied',
	Forbidden: 'denied',
	AllAccessDisabled: 'denied',
	AccountProblem: 'denied',
	CredentialsProviderError: 'no-credentials',
	InvalidAccessKeyId: 'no-credentials',
	SignatureDoesNotMatch: 'no-credentials',
	ExpiredToken: 'no-credentials',
	ExpiredTokenException: 'no-credentials',
	TokenProviderError: 'no-credentials',
	InvalidToken: 'no-credentials',
	InvalidObjectState: 'archived',
	SlowDown: 'throttled',
	Throttling: 'throttled',
	ThrottlingException: 'throttled',
	RequestLimitExceeded: 'throttled',
	TooManyRequests: 'throttled',
	TooManyRequestsException: 'throttled',
	ServiceUnavailable: 'unavailable',
	InternalError: 'unavailable',
	QuotaExceeded: 'full',
	InsufficientStorage: 'full',
	TimeoutError: 'timeout',
	RequestTimeout: 'timeout',
	BadDigest: 'checksum',
	PreconditionFailed: 'changed',
	ConditionalRequestConflict: 'conflict',
	OperationAborted: 'conflict',
};

const byStatus: Readonly<Record<number, Trouble | undefined>> = {
	401: 'denied',
	403: 'denied',
	404: 'missing',
	408: 'timeout',
	409: 'conflict',
	412: 'changed',
	429: 'throttled',
	503: 'throttled',
	507: 'full',
};

/** An error of the SDK, of its HTTP handler or of a body's stream, in the fields that matter. */
interface Fault {
	readonly name?: unknown;
	readonly code?: unknown;
	readonly message?: unknown;
	readonly $metadata?: {readonly httpStatusCode?: number; readonly attempts?: number};
}
const asFault = (error: unknown): Fault => (typeof error === 'object' && error !== null ? error : {message: String(error)});

export function recognise(error: unknown): Trouble {
	const {name, code, message, $metadata} = asFault(error);
	const status = $metadata?.httpStatusCode;
	// The SDK calls a connection that was cut a timeout, too.
	if (code === 'ECONNRESET' || code === 'EPIPE') return 'unavailable';
	const known = byName[String(name)] ?? (status === undefined ? undefined : byStatus[status]);
	if (known !== undefined) return known;
	if (String(message).startsWith('Checksum mismatch')) return 'checksum';
	// A half of the net's errors has a code of the system, the other half none.
	if (status === undefined) return typeof code === 'string' || isCut(message) ? 'unavailable' : 'refused';
	return status >= 500 ? 'unavailable' : 'refused';
}

const isCut = (message: unknown): boolean =>
	/connection lost|socket hang up|aborted|premature close|before all data/iu.test(String(message));

/** How often the SDK tried: from the second time on an earlier one may have been done, and only its answer been lost. */
export const attemptsOf = (error: unknown): number => asFault(error).$metadata?.attempts ?? 1;

/** Why, in the service's own word. Never its message where the service answered: that may quote a signed request. */
export function wordOf(error: unknown): string {
	const {name, code, message, $metadata} = asFault(error);
	if ($metadata?.httpStatusCode !== undefined) return `${String(name)}, ${$metadata.httpStatusCode}`;
	return typeof code === 'string' ? code : String(message);
}

/** What a time limit of ours throws. */
export function lateness(what: string, ms: number): Error {
	const late = new Error(`${what} took longer than ${Math.round(ms / 1000)} s`);
	late.name = 'TimeoutError';
	return late;
}
