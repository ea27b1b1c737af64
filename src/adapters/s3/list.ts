import {ListObjectsV2Command} from '@aws-sdk/client-s3';
import {type Bucket, call} from './bucket.ts';

export interface Listed {
	readonly key: string;
	readonly bytes: number;
	readonly etag: string;
	readonly modifiedMs: number;
}

/** The objects whose keys begin with the prefix, page by page, in the order of their keys' bytes. */
export async function* listPages(
	bucket: Bucket,
	{prefix, after, signal}: {readonly prefix: string; readonly after?: string | undefined; readonly signal?: AbortSignal | undefined},
): AsyncGenerator<readonly Listed[]> {
	let token: string | undefined;
	do {
		const command = new ListObjectsV2Command({
			Bucket: bucket.name,
			Prefix: prefix,
			// XML cannot hold every key as it is.
			EncodingType: 'url',
			...(after !== undefined && after !== '' && {StartAfter: after}),
			...(token !== undefined && {ContinuationToken: token}),
		});
		const page = await call(bucket, {what: 'the list', signal}, abortSignal => bucket.client.send(command, {abortSignal}));
		yield (page.Contents ?? []).map(({Key = '', Size = 0, ETag = '', LastModified}) => ({
			key: decodeKey(Key),
			bytes: Size,
			etag: ETag,
			modifiedMs: LastModified?.getTime() ?? 0,
		}));
		token = page.IsTruncated ? page.NextContinuationToken : undefined;
	} while (token !== undefined);
}

/** As forms are encoded: a space is `+`. @throws URIError for what is not encoded so. */
export const decodeKey = (key: string): string => decodeURIComponent(key.replaceAll('+', ' '));
