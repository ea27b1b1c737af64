import type {StandardSchemaV1 as Schema} from '@standard-schema/spec';
import type {Source} from './flow.ts';

type SourceItem = Source & {readonly id?: string};
const places = ['url', 's3', 'file'] as const;

/** Why a value is no source item; `undefined` when it is one. */
function findProblem(value: unknown): {readonly message: string; readonly path?: readonly string[]} | undefined {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) {
		return {message: `expected an object with one of url, s3 or file, got ${JSON.stringify(value)?.slice(0, 80)}`};
	}
	const row = value as Record<string, unknown>;
	const [place, second] = places.filter(key => row[key] !== undefined);
	if (place === undefined) return {message: `expected one of url, s3 or file, got ${Object.keys(row).join(', ') || 'an empty object'}`};
	if (second !== undefined) return {message: `expected exactly one of url, s3 or file, got ${place} and ${second}`};
	for (const key of [place, 'id', 'versionId'] as const) {
		const text = row[key];
		if (text === undefined && key !== place) continue;
		if (typeof text !== 'string' || text === '') return {message: `${key} must be text that is not empty`, path: [key]};
	}
	if (place === 'url' && !URL.canParse(row.url as string)) {
		return {message: 'url must be a whole URL, such as https://example.com/a.jpg', path: ['url']};
	}
	if (place === 's3' && !/^s3:\/\/[^/]+\/./u.test(row.s3 as string)) return {message: 's3 must look like s3://bucket/key', path: ['s3']};
	if (row.versionId !== undefined && place !== 's3') return {message: 'versionId belongs to s3', path: ['versionId']};
	return undefined;
}

const known = new Set<string>([...places, 'versionId', 'id']);

/**
 * Schema of a manifest line that names its bytes: exactly one of `url`, `s3` (`s3://bucket/key`, optional `versionId`) and `file`,
 * and an optional `id`. A `file` is relative to the manifest (given to `fanOut`: to the working directory). Keys it does not know
 * are left out of the item; a manifest's reader keeps them as `meta`.
 */
export const sourceItem: Schema<SourceItem> = {
	'~standard': {
		version: 1,
		vendor: 'twolane',
		validate(value) {
			const problem = findProblem(value);
			if (problem) return {issues: [problem]};
			const row = value as Record<string, unknown>;
			// A loop: half the time of building it from filtered entries, and a list has millions of these.
			const item: Record<string, unknown> = {};
			for (const key of Object.keys(row)) if (known.has(key) && row[key] !== undefined) item[key] = row[key];
			return {value: item as SourceItem};
		},
	},
};
