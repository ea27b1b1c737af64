import {createHash} from 'node:crypto';
import {parse} from 'csv-parse';
import {z} from 'zod';
import {TwolaneError} from '../lanes/errors.ts';
import {gunzipIfPacked} from '../manifest/gunzip.ts';
import type {ManifestRow} from '../manifest/manifest-row.ts';
import {chooseKeys} from './s3-keys.ts';
import type {S3Sources} from './s3-sources.ts';
import type {SourceOptions} from './source-options.ts';

const schema = z.object({
	sourceBucket: z.string(),
	destinationBucket: z.string(),
	fileFormat: z.string(),
	fileSchema: z.string(),
	files: z.array(z.object({key: z.string(), MD5checksum: z.string().optional()})),
});

/** The `manifest.json` of an S3 Inventory. */
export type Inventory = z.infer<typeof schema>;

/** Whether the beginning of a file looks like an inventory's: then it is worth reading to its end. */
export const mayBeInventory = (head: string): boolean =>
	head.trimStart().startsWith('{') && head.includes('"fileFormat"') && head.includes('"fileSchema"');

/** `undefined` for a text that is something else after all. */
export function parseInventory(text: string): Inventory | undefined {
	try {
		return schema.safeParse(JSON.parse(text)).data;
	} catch {
		return undefined;
	}
}

type Options = SourceOptions & {readonly name: string; readonly s3: S3Sources};

/** The objects that an inventory lists, as rows. @throws TwolaneError `SOURCE_UNREADABLE` for one that is not CSV, or names no keys. */
export async function* readInventory(inventory: Inventory, options: Options): AsyncGenerator<readonly ManifestRow[]> {
	const {destinationBucket, fileFormat, fileSchema, files} = inventory;
	const refuse = (problem: string) => new TwolaneError('SOURCE_UNREADABLE', `${options.name} ${problem}`);
	if (fileFormat.toUpperCase() !== 'CSV') {
		throw refuse(`is an S3 Inventory in ${fileFormat}, which cannot be read here: set the inventory's output format to CSV`);
	}
	const columns = fileSchema.split(',').map(column => column.trim());
	if (!columns.includes('Key')) throw refuse(`is an S3 Inventory without the column Key: it has ${columns.join(', ')}`);
	const toItem = itemReader(inventory, columns, options);
	const bucket = destinationBucket.replace(/^arn:[^:]*:s3:::/u, '');
	let line = 0;
	for (const {key, MD5checksum} of files) {
		const bytes = options.s3.open({bucket, key}, {signal: options.signal});
		const checked = MD5checksum === undefined ? bytes : withChecksum(bytes, MD5checksum, `s3://${bucket}/${key}`);
		for await (const records of readRecords(checked, `s3://${bucket}/${key}`)) {
			yield records.map(toItem).flatMap(value => (value === undefined ? [] : [{line: ++line, value}]));
		}
	}
}

interface Item {
	readonly s3: string;
	readonly versionId?: string;
}

/** What a record is as an item; `undefined` for one that is none: an older version, a delete marker, a key that no flow takes. */
function itemReader(
	{sourceBucket}: Inventory,
	columns: readonly string[],
	options: SourceOptions,
): (record: readonly string[]) => Item | undefined {
	const at = (name: string) => columns.indexOf(name);
	const [bucketAt, keyAt, versionAt, latestAt, markerAt] = ['Bucket', 'Key', 'VersionId', 'IsLatest', 'IsDeleteMarker'].map(at);
	const isItem = chooseKeys({bucket: sourceBucket, prefix: ''}, options);
	const cell = (record: readonly string[], index = -1): string => record[index] ?? '';
	return record => {
		if (cell(record, markerAt) === 'true' || cell(record, latestAt) === 'false') return undefined;
		const key = decodeKey(cell(record, keyAt));
		if (!isItem(key)) return undefined;
		const bucket = cell(record, bucketAt) === '' ? sourceBucket : cell(record, bucketAt);
		const versionId = cell(record, versionAt);
		return {s3: `s3://${bucket}/${key}`, ...(versionId !== '' && versionId !== 'null' && {versionId})};
	};
}

/** Keys in a CSV inventory are encoded as in a form. What is not stands for itself. */
function decodeKey(text: string): string {
	try {
		return decodeURIComponent(text.replaceAll('+', ' '));
	} catch {
		return text;
	}
}

/** S3's keys are at most 1,024 bytes, and three times that when encoded. */
const MAX_RECORD_CHARACTERS = 65_536;

async function* readRecords(bytes: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<readonly string[][]> {
	let records: string[][] = [];
	const parser = parse({
		relax_column_count: true,
		max_record_size: MAX_RECORD_CHARACTERS,
		// Nothing is pushed: the parser is a sink, so the stream never holds records back.
		on_record: (cells: string[]) => {
			records.push(cells);
			return null;
		},
	}).on('error', () => {});
	const take = (): string[][] => {
		const taken = records;
		records = [];
		return taken;
	};
	try {
		for await (const chunk of gunzipIfPacked(bytes, name)) {
			await settle(done => parser.write(chunk, done));
			yield take();
		}
		await settle(done => parser.end(done));
	} catch (error) {
		const isCsv = error instanceof Error && 'code' in error && String(error.code).startsWith('CSV_');
		throw isCsv ? new TwolaneError('SOURCE_UNREADABLE', `${name} is no CSV that can be read: ${String(error.code)}`) : error;
	}
	yield take();
}

const settle = (start: (done: (error?: Error | null) => void) => void): Promise<void> =>
	new Promise((resolve, reject) => start(error => (error ? reject(error) : resolve())));

async function* withChecksum(bytes: AsyncIterable<Uint8Array>, md5: string, name: string): AsyncGenerator<Uint8Array> {
	const hash = createHash('md5');
	for await (const chunk of bytes) {
		hash.update(chunk);
		yield chunk;
	}
	if (hash.digest('hex') === md5.toLowerCase()) return;
	throw new TwolaneError('MANIFEST_CHANGED', `${name} is not what the inventory's manifest says: its MD5 differs`);
}
