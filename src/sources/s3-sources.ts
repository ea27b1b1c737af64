import type {Reader} from '../lanes/ports.ts';

export interface S3Object {
	readonly bucket: string;
	readonly key: string;
	readonly versionId?: string | undefined;
	/** Content that is not this one is refused. */
	readonly etag?: string | undefined;
}

/** An object of a listing. */
export interface S3Listed {
	readonly key: string;
	readonly etag: string;
}

/** How manifests, prefixes and inventories in S3 are read. What fails is a TwolaneError `S3_*`, or `BUCKET_DENIED`. */
export interface S3Sources {
	/** What the object is now: its version where the bucket keeps them, and its etag. */
	find(place: {readonly bucket: string; readonly key: string}): Promise<S3Object & {readonly etag: string}>;
	/** The object's bytes, as they come. @throws TwolaneError `MANIFEST_CHANGED` when it is not this one any more. */
	open(object: S3Object, options: {readonly signal?: AbortSignal | undefined}): AsyncIterable<Uint8Array>;
	/** Page by page, in the order of the keys' bytes. */
	list(
		place: {readonly bucket: string; readonly prefix: string},
		options: {readonly signal?: AbortSignal | undefined},
	): AsyncIterable<readonly S3Listed[]>;
}

/** The reader that can open sources in S3, if there is one. */
export const findS3Sources = (readers: readonly Reader[] | undefined): S3Sources | undefined =>
	readers?.find(
		(reader): reader is Reader & S3Sources => reader.scheme === 's3' && 'find' in reader && 'open' in reader && 'list' in reader,
	);
