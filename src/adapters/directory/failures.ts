import {TwolaneError, type TwolaneErrorOptions, type Code} from '../../lanes/errors.ts';

interface Row {
	readonly code: Code;
	readonly problem: string;
	readonly retryable?: boolean;
}

const full: Row = {code: 'STORE_FULL', problem: 'the disk is full'};
const denied: Row = {code: 'STORE_DENIED', problem: 'access is denied'};
const clash: Row = {code: 'STORE_FAILED', problem: 'a file or folder of that name is in the way', retryable: false};
const failed: Row = {code: 'STORE_FAILED', problem: 'the disk refused'};

const table: Readonly<Record<string, Row | undefined>> = {
	ENOSPC: full,
	EDQUOT: full,
	EACCES: denied,
	EPERM: denied,
	EROFS: denied,
	ENOTDIR: clash,
	EEXIST: clash,
	EISDIR: clash,
	ENAMETOOLONG: clash,
};

export const hasCode = (error: unknown, code: string): boolean => error instanceof Error && 'code' in error && error.code === code;

/** What the file system reported, as the project's own error. */
export function describeFailure(error: unknown, key: string, root: string): TwolaneError {
	const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
	const {code, problem, retryable} = table[reason] ?? failed;
	const options: TwolaneErrorOptions = {cause: error, ...(retryable !== undefined && {retryable})};
	return new TwolaneError(code, `${key} could not be written below ${root}: ${problem} (${reason})`, options);
}
