import {createHash} from 'node:crypto';
import {TwolaneError} from '../lanes/errors.ts';
import type {ManifestRow} from '../manifest/manifest-row.ts';
import {type S3Folder, chooseKeys} from './s3-keys.ts';
import type {S3Sources} from './s3-sources.ts';
import type {SourceOptions} from './source-options.ts';

/** Three thousand pages, and as many again when the run is planned. */
const MOST_OBJECTS = 3_000_000;

export interface S3PrefixOptions extends SourceOptions {
	readonly s3: S3Sources;
	/** Told the sha256 of the listing: keys and etags of the items. */
	readonly onEnd?: (sha256: string) => void;
	readonly mostObjects?: number;
}

/** The objects below a prefix as rows, a page at a time, in the order of their keys' bytes. */
export async function* readS3Prefix(folder: S3Folder, options: S3PrefixOptions): AsyncGenerator<readonly ManifestRow[]> {
	const {bucket, prefix} = folder;
	const {s3, signal, onEnd, mostObjects = MOST_OBJECTS} = options;
	const name = `s3://${bucket}/${prefix}`;
	const listing = createHash('sha256').update(`${name}\n`);
	const isItem = chooseKeys(folder, options);
	let listed = 0;
	let line = 0;
	for await (const page of s3.list(folder, {signal})) {
		listed += page.length;
		if (listed > mostObjects) {
			const problem = `holds more than ${mostObjects.toLocaleString('en')} objects: use an S3 Inventory (CSV) instead, and name its manifest.json`;
			throw new TwolaneError('SOURCE_UNREADABLE', `${name} ${problem}`);
		}
		const items = page.filter(({key}) => isItem(key));
		for (const {key, etag} of items) listing.update(`${JSON.stringify(key)} ${etag}\n`);
		yield items.map(({key}) => ({line: ++line, value: {s3: `s3://${bucket}/${key}`}}));
	}
	onEnd?.(listing.digest('hex'));
}
