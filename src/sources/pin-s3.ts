import {parseS3} from '../adapters/s3/address.ts';
import {TwolaneError} from '../lanes/errors.ts';
import type {PinnedSource} from '../runs/spec.ts';
import {isFedByOutputs} from './s3-keys.ts';
import {readS3Prefix} from './s3-prefix.ts';
import {type SourceOptions, requireS3} from './source-options.ts';

/** @throws TypeError for a word that names nothing in S3. */
export function checkS3(word: string): void {
	const address = parseS3(word);
	if (address === undefined) throw new TypeError(`${word}: write it like s3://bucket/list.jsonl, or s3://bucket/prefix/ for all below it.`);
	if (address.key === '' && !word.endsWith('/')) throw new TypeError(`${word}: write ${word}/ for all that is in the bucket.`);
}

/** Looks at an object, or lists a prefix, to know what it is now. @throws TwolaneError `S3_*`; TypeError for a prefix that is the run's own `out`. */
export async function pinS3(word: string, options: SourceOptions): Promise<PinnedSource> {
	const s3 = requireS3(options, word);
	const {bucket = '', key = ''} = parseS3(word) ?? {};
	if (word.endsWith('/')) return await pinPrefix({bucket, prefix: key}, word, options);
	try {
		const {versionId, etag} = await s3.find({bucket, key});
		return {kind: 's3-object', name: word, bucket, key, etag, ...(versionId !== undefined && {versionId})};
	} catch (error) {
		if (!(error instanceof TwolaneError && error.code === 'S3_NOT_FOUND')) throw error;
		throw new TwolaneError('S3_NOT_FOUND', `${error.message}; if you mean all that begins so, write ${word}/`, {cause: error});
	}
}

async function pinPrefix(
	folder: {readonly bucket: string; readonly prefix: string},
	word: string,
	options: SourceOptions,
): Promise<PinnedSource> {
	if (isFedByOutputs(folder, options.exclude)) {
		throw new TypeError(`${word} is also --out: its outputs would be the items of the next run. Name a prefix below it, or elsewhere.`);
	}
	let sha256 = '';
	// What is left out is told when the run is planned.
	const silent = {...options, s3: requireS3(options, word), onLeftOut: undefined, onEnd: (listing: string) => void (sha256 = listing)};
	for await (const _ of readS3Prefix(folder, silent));
	return {kind: 's3-prefix', name: word, ...folder, sha256};
}
