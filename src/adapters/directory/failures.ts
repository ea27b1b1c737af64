import {TwolaneError, type TwolaneErrorOptions, type Code} from '../../lanes/errors.ts';

interface Row {
	readonly code: Code;
	readonly problem: string;
	readonly retryable?: boolean;
}

const full: Row = {code: 'STORE_FULL', problem: 'the disk is full'};
const denied: Row = {code: 'STORE_DENIED', problem: 'access is denied'};
const readOnly: Row = {code: 'STORE_DENIED', problem: 'the disk is mounted read-only'};
const clash: Row = {code: 'STORE_FAILED', problem: 'a file or folder of that name is in the way', retryable: false};
const failed: Row = {code: 'STORE_FAILED', problem: 'the disk refused'};

const table: Readonly<Record<string, Row | undefined>> = {
	ENOSPC: full,
	EDQUOT: full,
	EACCES: denied,
	EPERM: denied,
	EROFS: readOnly,
	ENOTDIR: clash,
	EEXIST: clash,
	EISDIR: clash,
	ENAMETOOLONG: clash,
};

export const hasCode = (error: unknown, ...codes: readonly string[]): boolean =>
	error instanceof Error && 'code' in error && codes.includes(String(error.code));

/** What the file system says of a path where no object is, and none can be below. */
export const isAbsence = (error: unknown): boolean => hasCode(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG');

export type Action = 'written' | 'read' | 'listed' | 'removed';

/** What the file system reported, as the project's own error. */
export function describeFailure(error: unknown, key: string, root: string, action: Action = 'written'): TwolaneError {
	if (error instanceof TwolaneError) return error;
	const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
	const {code, problem, retryable} = table[reason] ?? failed;
	const options: TwolaneErrorOptions = {cause: error, ...(retryable !== undefined && {retryable})};
	const subject = key === '' ? root : key;
	const place = key === '' ? '' : ` below ${root}`;
	return new TwolaneError(code, `${subject} could not be ${action}${place}: ${problem} (${reason})`, options);
}
