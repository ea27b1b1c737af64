import {toItemError} from '../lanes/failure.ts';
import {type Code, TwolaneError} from '../lanes/errors.ts';

/** The one table of the API's codes: `docs/api.md` is checked against it. */
export const problemCodes = {
	JSON_INVALID: {status: 400, title: 'The body is not JSON.'},
	QUERY_INVALID: {status: 400, title: 'The query cannot be used.'},
	KEY_INVALID: {status: 400, title: 'The Idempotency-Key cannot be used.'},
	HOST_DENIED: {status: 403, title: 'The request names another host.'},
	ORIGIN_DENIED: {status: 403, title: 'The request comes from another web page.'},
	NOT_FOUND: {status: 404, title: 'There is no such address.'},
	RUN_NOT_FOUND: {status: 404, title: 'There is no such run.'},
	METHOD_NOT_ALLOWED: {status: 405, title: 'The address does not take this method.'},
	RUN_REFUSED: {status: 409, title: 'The run’s state forbids this.'},
	BODY_TOO_LARGE: {status: 413, title: 'The body is too large.'},
	MEDIA_TYPE_UNSUPPORTED: {status: 415, title: 'The body is of a type that is not read.'},
	REQUEST_INVALID: {status: 422, title: 'The request does not fit the schema.'},
	FLOW_UNKNOWN: {status: 422, title: 'There is no such flow here.'},
	OPTIONS_INVALID: {status: 422, title: 'The flow does not take these options.'},
	ITEMS_INVALID: {status: 422, title: 'Some items cannot be used.'},
	SOURCE_UNREADABLE: {status: 422, title: 'The source of the items cannot be read.'},
	ENGINE_UNAVAILABLE: {status: 422, title: 'There is no such engine here.'},
	IDEMPOTENCY_KEY_REUSED: {status: 422, title: 'The Idempotency-Key belongs to another request.'},
	THROTTLED: {status: 429, title: 'The store asked to slow down.'},
	STATE_INVALID: {status: 500, title: 'The run’s records are damaged.'},
	INTERNAL: {status: 500, title: 'This is a bug in twolane, or its place cannot be used.'},
	UNAVAILABLE: {status: 503, title: 'The store or the source cannot answer now.'},
} as const;
export type ProblemCode = keyof typeof problemCodes;

/** Where in the request something is wrong: a JSON pointer into the body, and why. */
export interface Flaw {
	readonly pointer: string;
	readonly detail: string;
}

interface ProblemOptions {
	readonly errors?: readonly Flaw[];
	readonly headers?: Readonly<Record<string, string>>;
	readonly cause?: unknown;
}

/** An answer that is no success. */
export class Problem extends Error {
	override readonly name = 'Problem';
	readonly code: ProblemCode;
	readonly errors: readonly Flaw[] | undefined;
	readonly headers: Readonly<Record<string, string>>;

	constructor(code: ProblemCode, detail: string, {errors, headers = {}, cause}: ProblemOptions = {}) {
		super(detail, {cause});
		this.code = code;
		this.errors = errors;
		this.headers = headers;
	}
}

/** Seconds after which another try makes sense. */
export const RETRY_AFTER_SECONDS = '2';

const codesOfRuns: Readonly<Partial<Record<Code, ProblemCode>>> = {
	RUN_NOT_FOUND: 'RUN_NOT_FOUND',
	RUN_REFUSED: 'RUN_REFUSED',
	RUN_BUSY: 'RUN_REFUSED',
	STATE_INVALID: 'STATE_INVALID',
	STORE_THROTTLED: 'THROTTLED',
	S3_THROTTLED: 'THROTTLED',
};

/** Whatever was thrown, as the answer to it; what nobody expected tells nothing of itself. */
export function toProblem(error: unknown): Problem {
	if (error instanceof Problem) return error;
	const isOurs = error instanceof TwolaneError;
	const code = isOurs ? (codesOfRuns[error.code] ?? (error.retryable ? 'UNAVAILABLE' : undefined)) : undefined;
	if (!isOurs || code === undefined) return new Problem('INTERNAL', 'The request failed, and not by its own fault.', {cause: error});
	// Where the store lies, and what it said, is no matter of the caller's.
	const detail = code === 'UNAVAILABLE' || code === 'THROTTLED' ? 'Try again.' : describeRefusal(error);
	return new Problem(code, detail, {cause: error});
}

/** Without the advice of the command line. */
const describeRefusal = (error: TwolaneError): string => toItemError(new TwolaneError('API', error.message), 'run').message;

/** `application/problem+json`, as RFC 9457 has it. */
export function answerProblem({code, message, errors, headers}: Problem, requestId?: string): Response {
	const {status, title} = problemCodes[code];
	const isPassing = status === 429 || status === 503;
	const body = {
		type: 'about:blank',
		title,
		status,
		code,
		detail: message,
		...(errors && {errors}),
		...(requestId !== undefined && {requestId}),
	};
	return new Response(JSON.stringify(body), {
		status,
		headers: {
			'content-type': 'application/problem+json',
			'cache-control': 'no-store',
			...(isPassing && {'retry-after': RETRY_AFTER_SECONDS}),
			...headers,
		},
	});
}
