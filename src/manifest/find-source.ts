import type {Source} from '../lanes/flow.ts';

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** The source a row names; `undefined` when it names none, or more than one, so that nobody can tell which is meant. */
export function findSource({url, s3, file, versionId}: Readonly<Record<string, unknown>>): Source | undefined {
	if (isText(url)) return s3 === undefined && file === undefined ? {url} : undefined;
	if (isText(s3)) {
		if (file !== undefined) return undefined;
		return isText(versionId) ? {s3, versionId} : {s3};
	}
	return isText(file) ? {file} : undefined;
}

const scheme = /^[a-z][a-z0-9+.-]*:\/\//iu;

/** The source that a line of plain text means. */
export function findSourceOfText(text: string): Source {
	if (text.startsWith('s3://')) return {s3: text};
	return scheme.test(text) ? {url: text} : {file: text};
}
