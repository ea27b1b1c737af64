import {TwolaneError} from '../lanes/errors.ts';
import type {S3Sources} from './s3-sources.ts';

export interface SourceOptions {
	/** What a folder or prefix leaves out, the run's own `out` and state: absolute folders, and `s3://` places. */
	readonly exclude: readonly string[];
	/** Of several sources, a folder's name is part of its files' ids: `a/x.jpg` and `b/x.jpg` are two items. */
	readonly isOneOfMany: boolean;
	/** Who plans the run does not see this disk: lists are kept below the state, and neither folders nor files can be items. */
	readonly isElsewhere?: boolean | undefined;
	/** The files of a folder, or of a prefix, that the flow takes; default: all. */
	readonly extensions?: readonly string[] | undefined;
	readonly allowOrigins: readonly string[];
	/** Reads what lies in S3. Default: nothing there can be read. */
	readonly s3?: S3Sources | undefined;
	/** Ends the reading of a source with an error. */
	readonly signal?: AbortSignal | undefined;
	/** Called with each file of a folder, or of a prefix, that the flow does not take. */
	readonly onLeftOut?: ((path: string) => void) | undefined;
}

/** The base of a list whose files nobody can open. */
export const NO_BASE = '';

const reasons: Readonly<Record<string, string>> = {
	ENOENT: 'it does not exist',
	EACCES: 'access is denied',
	EPERM: 'access is denied',
	EROFS: 'the disk is read-only',
	EEXIST: 'a file of this name is in the way',
	ENOTDIR: 'a part of the path is not a folder',
};

/** A system error in words. */
export function reasonOf(error: unknown): string {
	const {code, message} = (error ?? {}) as {code?: unknown; message?: unknown};
	return (typeof code === 'string' ? reasons[code] : undefined) ?? String(message ?? error);
}

export const unreadable = (source: string, error: unknown): TwolaneError =>
	new TwolaneError('SOURCE_UNREADABLE', `${source} cannot be read: ${reasonOf(error)}`, {cause: error});

export const changed = (source: string): TwolaneError =>
	new TwolaneError('MANIFEST_CHANGED', `${source} has changed while the run was being planned`);

/** @throws TypeError where nobody can read it. */
export function requireS3({s3}: Pick<SourceOptions, 's3'>, source: string): S3Sources {
	if (s3 !== undefined) return s3;
	throw new TypeError(`${source}: nobody here reads s3://; give the run a reader for it: s3Reader({client}) of twolane/aws.`);
}
