import fc from 'fast-check';
import {expect, it} from 'vitest';
import {z} from 'zod';
import {sourceItem} from '../../src/lanes/source.ts';
import {manifestSchema} from '../../src/manifest/schema.ts';

const fromSchema = z.fromJSONSchema(manifestSchema);
const text = fc.constantFrom('', 'a', 'photos/c.jpg', 'https://example.com/a.jpg', 's3://b/k', 's3://b/', 's3://', 'x y');
const row = fc.record(
	{id: text, url: text, s3: text, file: text, versionId: text, team: fc.jsonValue(), meta: fc.dictionary(fc.string(), fc.jsonValue())},
	{requiredKeys: []},
);
const place = fc.oneof(...['url', 's3', 'file'].map(key => text.map(value => ({[key]: value}))));

it('is JSON Schema 2020-12', () => expect(manifestSchema.$schema).toBe('https://json-schema.org/draft/2020-12/schema'));
it('takes what sourceItem takes, and nothing else', () => {
	let taken = 0;
	fc.assert(
		fc.property(
			fc.oneof(
				row,
				place,
				fc.tuple(row, place).map(([first, second]) => ({...first, ...second})),
				fc.jsonValue(),
			),
			value => {
				const result = sourceItem['~standard'].validate(value);
				if (result instanceof Promise) throw new Error('sourceItem is synchronous');
				const isTaken = result.issues === undefined;
				taken += Number(isTaken);
				expect(fromSchema.safeParse(value).success).toBe(isTaken);
			},
		),
		{numRuns: 1000},
	);
	expect(taken).toBeGreaterThan(20);
});
