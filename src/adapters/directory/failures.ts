import {TwolaneError, type TwolaneErrorOptions, type Code} from '../../lanes/errors.ts';

interface Row {
	readonly code: Code;
	readonly advice: string;
	readonly retryable?: boolean;
}

const full: Row = {code: 'STORE_FULL', advice: 'Free some space, then run it again.'};
const denied: Row = {code: 'STORE_DENIED', advice: 'Check the permissions of the output folder.'};
const clash: Row = {code: 'STORE_FAILED', advice: 'A file or folder of that name is in the way; use another --out.', retryable: false};
const failed: Row = {code: 'STORE_FAILED', advice: 'Check the disk, then run it again.'};

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
	const {code, advice, retryable} = table[reason] ?? failed;
	const options: TwolaneErrorOptions = {cause: error, ...(retryable !== undefined && {retryable})};
	return new TwolaneError(code, `${key} could not be written below ${root} (${reason}). ${advice}`, options);
}
