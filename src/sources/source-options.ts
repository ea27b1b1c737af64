import {TwolaneError} from '../lanes/errors.ts';

export interface SourceOptions {
	/** Absolute folders that a folder source leaves out: the run's own `out` and state. */
	readonly exclude: readonly string[];
	/** Of several sources, a folder's name is part of its files' ids: `a/x.jpg` and `b/x.jpg` are two items. */
	readonly isOneOfMany: boolean;
	/** The files of a folder that the flow takes; default: all. */
	readonly extensions?: readonly string[] | undefined;
	readonly allowOrigins: readonly string[];
	/** Ends the reading of a source with an error. */
	readonly signal?: AbortSignal | undefined;
	/** Called with each file of a folder that the flow does not take. */
	readonly onLeftOut?: ((path: string) => void) | undefined;
}

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
