import {type Code, TwolaneError} from '../../lanes/errors.ts';
import {type S3Address, nameS3} from './address.ts';
import {type Trouble, recognise, wordOf} from './faults.ts';

interface Row {
	readonly store: Code;
	readonly source: Code;
	readonly problem: string;
	/** Default: what the table of codes says. */
	readonly retryable?: boolean;
}

const CREDENTIALS = 'there are no valid AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';

const table: Readonly<Record<Trouble, Row>> = {
	missing: {store: 'STORE_FAILED', source: 'S3_NOT_FOUND', problem: 'there is no such object', retryable: false},
	'no-bucket': {
		store: 'STORE_FAILED',
		source: 'S3_NOT_FOUND',
		problem: 'the bucket does not exist: create it, or name another one',
		retryable: false,
	},
	denied: {store: 'STORE_DENIED', source: 'S3_ACCESS_DENIED', problem: 'access is denied'},
	'no-credentials': {store: 'STORE_DENIED', source: 'S3_ACCESS_DENIED', problem: CREDENTIALS},
	archived: {store: 'STORE_FAILED', source: 'S3_ARCHIVED', problem: 'it is archived', retryable: false},
	throttled: {store: 'STORE_THROTTLED', source: 'S3_THROTTLED', problem: 'S3 asks to slow down'},
	full: {store: 'STORE_FULL', source: 'S3_UNAVAILABLE', problem: 'there is no room left'},
	timeout: {store: 'STORE_FAILED', source: 'S3_TIMEOUT', problem: 'S3 did not answer in time'},
	checksum: {store: 'STORE_FAILED', source: 'S3_CHECKSUM', problem: 'the bytes do not match their checksum'},
	unavailable: {store: 'STORE_FAILED', source: 'S3_UNAVAILABLE', problem: 'S3 could not answer'},
	changed: {store: 'STORE_FAILED', source: 'S3_UNAVAILABLE', problem: 'it changed meanwhile'},
	conflict: {store: 'STORE_FAILED', source: 'S3_UNAVAILABLE', problem: 'others write to it at the same time'},
	refused: {store: 'STORE_FAILED', source: 'FETCH_FAILED', problem: 'S3 refused', retryable: false},
};

export type Action = 'written' | 'read' | 'listed' | 'removed';

/** What a call to S3 ended with, as the project's own error. @param use of a place where runs write, or of a source that they read. */
export function describeFailure(
	error: unknown,
	address: S3Address,
	{use, action}: {readonly use: 'store' | 'source'; readonly action: Action},
): TwolaneError {
	if (error instanceof TwolaneError) return error;
	const trouble = recognise(error);
	const {problem, retryable, ...codes} = table[trouble];
	// Whether an object that is gone may come back, or a refusal may pass, is the same for both.
	const options = {cause: error, ...(retryable !== undefined && {retryable})};
	const reason = `${problem} (${wordOf(error)})`;
	return new TwolaneError(codes[use], `${nameS3(address)} could not be ${action}: ${reason}`, options);
}
