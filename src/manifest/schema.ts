import {z} from 'zod';

const absent = z.never().optional();
const rest = {
	id: z.string().min(1).optional().describe('Unique in a run, at most 1,024 bytes. Default: the source, without its query.'),
	meta: z.record(z.string(), z.unknown()).optional().describe('Copied to the outcome, as are the keys that the flow does not know.'),
};

const row = z.union([
	z.looseObject({...rest, url: z.url().describe('http or https.'), s3: absent, file: absent, versionId: absent}),
	z.looseObject({
		...rest,
		s3: z
			.string()
			.regex(/^s3:\/\/[^/]+\/./u)
			.describe('s3://bucket/key'),
		versionId: z.string().min(1).optional(),
		url: absent,
		file: absent,
	}),
	z.looseObject({...rest, file: z.string().min(1).describe('Relative to the manifest.'), url: absent, s3: absent, versionId: absent}),
]);

/** JSON Schema 2020-12 of one manifest row whose item is a `sourceItem`, for editors and other people's tools. */
export const manifestSchema: Readonly<Record<string, unknown>> = {
	...z.toJSONSchema(row),
	title: 'Twolane manifest row',
	description:
		'One item: a line of JSONL, an element of a JSON array, or a row of CSV, which names its bytes by exactly one of url, s3 and file.',
};
