/** Where an item can fail. `item` is before any stage; `run` is the run itself. */
export type Stage = 'item' | 'fetch' | 'transform' | 'store' | 'run';

/** `transient` is tried again, `once` gets one more try, `alone` runs once more alone, `permanent` ends the item. */
type Retry = 'transient' | 'once' | 'alone' | 'permanent';
interface CodeEntry {
	readonly stage: Stage;
	readonly retry: Retry;
	readonly sentence: string;
	readonly advice: string;
}

const entry = (stage: Stage, retry: Retry, sentence: string, advice: string): CodeEntry => ({stage, retry, sentence, advice});

/** The one table of codes: `docs/errors.md` is checked against it. A flow's own codes come on top. */
export const codes = {
	ITEM_INVALID: entry('item', 'permanent', 'The item does not fit the flow.', 'Correct the line; --skip-invalid runs the others.'),
	URL_INVALID: entry('item', 'permanent', 'The text is not a URL.', 'Write a whole URL, such as https://example.com/a.jpg.'),
	SCHEME_DENIED: entry('item', 'permanent', 'Only http and https are fetched.', 'Use an http or https URL.'),
	PORT_DENIED: entry('item', 'permanent', 'Only the ports 80 and 443 are open.', 'Allow the origin by name with --allow-origin.'),
	CREDENTIALS_IN_URL: entry('item', 'permanent', 'The URL carries a user name or password.', 'Take the credentials out of the URL.'),
	FILE_DENIED: entry(
		'item',
		'permanent',
		'The file lies outside the folder that may be read.',
		'Move it below the folder of the manifest.',
	),
	BUCKET_DENIED: entry('item', 'permanent', 'The bucket may not be read here.', 'Add a reader for it, or name another bucket.'),

	ADDRESS_DENIED: entry(
		'fetch',
		'permanent',
		'The address is private or reserved.',
		'If you trust it, allow its origin with --allow-origin.',
	),
	DNS_NOT_FOUND: entry('fetch', 'once', 'The host name does not exist.', 'Check the spelling of the host.'),
	DNS_FAILED: entry('fetch', 'transient', 'The name server did not answer.', 'Check the name server of this machine, then run it again.'),
	CONNECT_FAILED: entry('fetch', 'transient', 'The host refused the connection.', 'Check that the server is up and the port is right.'),
	CONNECT_TIMEOUT: entry(
		'fetch',
		'transient',
		'The host did not accept a connection in time.',
		'Check that the server can be reached from here.',
	),
	CONNECTION_RESET: entry(
		'fetch',
		'transient',
		'The server closed the connection before answering in full.',
		'Look at the server’s log; run it again.',
	),
	TLS_INVALID: entry(
		'fetch',
		'permanent',
		'The certificate or the TLS handshake is not valid.',
		'Correct the certificate, or the host in the URL.',
	),

	HTTP_STATUS: entry(
		'fetch',
		'transient',
		'The server answered with an error status.',
		'Look at the status: 404 is gone, 401 and 403 want access, 5xx may pass.',
	),
	REDIRECT_LIMIT: entry('fetch', 'permanent', 'The server redirected more than five times.', 'Use the address at the end of the chain.'),
	HEADERS_TIMEOUT: entry('fetch', 'transient', 'The server sent no headers in time.', 'Lower --io for this server, or give it longer.'),
	BODY_TIMEOUT: entry('fetch', 'transient', 'The body stalled or did not end in time.', 'Raise --fetch-timeout if the files are large.'),
	TOO_SLOW: entry('fetch', 'transient', 'The body came too slowly.', 'Lower --io, or fetch from a faster server.'),
	BODY_TRUNCATED: entry(
		'fetch',
		'transient',
		'The body ended before its announced length.',
		'Run it again; if it stays, the file on the server is damaged.',
	),
	PROTOCOL_ERROR: entry('fetch', 'transient', 'The answer is not valid HTTP.', 'Check that the address belongs to a web server.'),
	TOO_MANY_BYTES: entry(
		'fetch',
		'permanent',
		'The body is larger than the cap.',
		'Raise --max-bytes if the file is meant to be this large.',
	),
	ENCODING_DENIED: entry(
		'fetch',
		'permanent',
		'The body is compressed although none was asked for.',
		'Serve the file without Content-Encoding.',
	),
	EMPTY_BODY: entry('fetch', 'permanent', 'The body is empty.', 'Check the file at its source.'),

	S3_NOT_FOUND: entry('fetch', 'permanent', 'The object does not exist.', 'Check bucket, key and version.'),
	S3_ACCESS_DENIED: entry(
		'fetch',
		'permanent',
		'Access to the object is denied.',
		'Grant s3:GetObject, and s3:ListBucket to tell a missing key.',
	),
	S3_ARCHIVED: entry('fetch', 'permanent', 'The object is archived.', 'Restore it first.'),
	S3_THROTTLED: entry('fetch', 'transient', 'S3 asked to slow down.', 'Lower --io, or spread the keys over more prefixes.'),
	S3_UNAVAILABLE: entry('fetch', 'transient', 'S3 could not answer.', 'Run it again.'),
	S3_TIMEOUT: entry('fetch', 'transient', 'S3 did not answer in time.', 'Run it again, or raise --fetch-timeout.'),
	S3_CHECKSUM: entry(
		'fetch',
		'transient',
		'The object’s checksum does not match its bytes.',
		'Run it again; if it stays, the object is damaged.',
	),
	FILE_NOT_FOUND: entry('fetch', 'permanent', 'The file does not exist.', 'Paths are relative to the manifest; check the spelling.'),
	FILE_UNREADABLE: entry('fetch', 'permanent', 'The file cannot be read.', 'Check its permissions and that it is a regular file.'),
	FETCH_FAILED: entry(
		'fetch',
		'transient',
		'The fetch stage threw an error.',
		'Read the message; throw a TwolaneError to say whether it is worth another try.',
	),

	FORMAT_UNSUPPORTED: entry(
		'transform',
		'permanent',
		'The content is not an image of a supported format.',
		'Supported: JPEG, PNG, WebP, GIF (first frame), AVIF.',
	),
	IMAGE_CORRUPT: entry('transform', 'permanent', 'The image is damaged.', 'Get an intact copy.'),
	IMAGE_TRUNCATED: entry('transform', 'permanent', 'The image ends too early.', 'Get a complete copy.'),
	TOO_MANY_PIXELS: entry(
		'transform',
		'permanent',
		'The image has more pixels than the cap.',
		'Raise --max-pixels if it is meant to be this large.',
	),
	TOO_MUCH_MEMORY: entry(
		'transform',
		'permanent',
		'Decoding would need more memory than one item may use.',
		'Shrink the image, or give the process more memory.',
	),
	TRANSFORM_FAILED: entry('transform', 'permanent', 'The transform stage threw an error.', 'Read the message; the same input fails again.'),
	TRANSFORM_TIMEOUT: entry(
		'transform',
		'alone',
		'The transform did not end in time, twice.',
		'Raise timeoutMs of cpu(), or take the item out.',
	),
	THREAD_DIED: entry(
		'transform',
		'alone',
		'The thread died while it worked on the item, twice.',
		'Run the transform on this item by itself to see why.',
	),
	THREAD_OUT_OF_MEMORY: entry(
		'transform',
		'alone',
		'The thread ran out of memory, twice.',
		'Shrink the item, or give the process more memory.',
	),
	NATIVE_CRASH: entry(
		'transform',
		'permanent',
		'Native code crashed on the item.',
		'Report the file to the codec’s authors; take the item out.',
	),
	NOT_CLONEABLE: entry(
		'transform',
		'permanent',
		'A value cannot cross to or from a thread.',
		'Pass plain data: no functions, streams, sockets or class instances.',
	),

	STORE_FAILED: entry('store', 'transient', 'The output could not be stored.', 'Read the message; check the place --out names.'),
	STORE_DENIED: entry('store', 'permanent', 'Writing to the output place is denied.', 'Check the permissions of --out.'),
	STORE_THROTTLED: entry('store', 'transient', 'The output place asked to slow down.', 'Lower --io.'),
	STORE_FULL: entry('store', 'permanent', 'The output place is full.', 'Free some space, then run it again.'),
	STORE_CONFLICT: entry('store', 'transient', 'A later run owns this output.', 'Use another --out, or run this one again.'),

	WORKER_LOST: entry('run', 'transient', 'The worker was lost three times on this shard.', 'Look at the worker’s log, then redrive.'),
	ENGINE_UNAVAILABLE: entry(
		'run',
		'transient',
		'The function or state machine that works on runs does not answer.',
		'Try again; a scheduled sweep takes the run up in any case.',
	),
	ENGINE_DENIED: entry(
		'run',
		'permanent',
		'The function or state machine that works on runs is not there, or may not be called.',
		'Check the stack’s name and your permissions.',
	),
	MANIFEST_CHANGED: entry('run', 'permanent', 'The manifest changed after the run was created.', 'Start a new run.'),
	SOURCE_UNREADABLE: entry(
		'run',
		'permanent',
		'The source of the items cannot be read.',
		'Give a manifest, a folder, a URL, or - for standard input.',
	),
	STATE_INVALID: entry(
		'run',
		'permanent',
		'The run’s records are damaged, were changed by hand, or were made by a newer version.',
		'Put the file back as it was, or start another run with --fresh.',
	),
	RUN_NOT_FOUND: entry('run', 'permanent', 'There is no such run.', 'twolane ls --out DIR lists the runs that there are.'),
	RUN_REFUSED: entry('run', 'permanent', 'The run’s state forbids this.', 'twolane status shows the state.'),
	RUN_BUSY: entry('run', 'transient', 'Another process works on the run.', 'Wait for it, or end it first.'),
	INTERNAL: entry('run', 'permanent', 'This is a bug in twolane.', 'Please report it with the message.'),
} as const satisfies Record<string, CodeEntry>;

/** A code of the table, or a flow's own. */
export type Code = keyof typeof codes | (string & {});

const table: Readonly<Record<string, CodeEntry | undefined>> = codes;

export interface TwolaneErrorOptions {
	/** Whether another try may help. Default: what the table says of the code; `false` for a flow's own code. */
	readonly retryable?: boolean;
	/** The wait a server asked for, in milliseconds, from now. */
	readonly retryAfterMs?: number;
	/** The HTTP status, with `HTTP_STATUS`. */
	readonly status?: number;
	readonly stage?: Stage;
	readonly itemId?: string;
	readonly cause?: unknown;
}

/**
 * The one error class. Throw it from a stage to end or retry an item with a code of your own choice;
 * match on `code`, never on the message.
 * @example throw new TwolaneError('NO_SUCH_CUSTOMER', 'customer 7 does not exist', {retryable: false});
 */
export class TwolaneError extends Error {
	override readonly name = 'TwolaneError';
	readonly code: Code;
	readonly retryable: boolean;
	declare readonly retryAfterMs?: number;
	declare readonly status?: number;
	declare readonly stage?: Stage;
	declare readonly itemId?: string;

	constructor(code: Code, message: string, options: TwolaneErrorOptions = {}) {
		super(message, options.cause === undefined ? undefined : {cause: options.cause});
		this.code = code;
		this.retryable = options.retryable ?? isRetryable(code, options.status);
		if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
		if (options.status !== undefined) this.status = options.status;
		if (options.stage !== undefined) this.stage = options.stage;
		if (options.itemId !== undefined) this.itemId = options.itemId;
	}
}

// RFC 9110 and 6585: the statuses that say "not now" rather than "not this".
const transientStatuses = new Set([408, 425, 429, 500, 502, 503, 504]);

function isRetryable(code: Code, status: number | undefined): boolean {
	if (status !== undefined) return transientStatuses.has(status);
	const retry = describeCode(code)?.retry ?? 'permanent';
	return retry === 'transient' || retry === 'once';
}

/** What the table says of a code; `undefined` for a flow's own. */
export const describeCode = (code: Code): CodeEntry | undefined => (Object.hasOwn(table, code) ? table[code] : undefined);

/** A throttle asks for less, so it narrows the gate instead of using up attempts. */
export const isThrottle = (error: TwolaneError): boolean =>
	error.status === 429 || error.status === 503 || error.code.endsWith('_THROTTLED');
