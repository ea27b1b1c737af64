/** One object, or what its key begins with. */
export interface S3Address {
	readonly bucket: string;
	readonly key: string;
}

/** A little wider than today's rules for names: S3 itself knows which buckets there are. */
const bucketName = /^[a-z0-9][a-z0-9._-]{0,62}$/u;

export const isBucketName = (name: string): boolean => bucketName.test(name);

/** Takes `s3://bucket/key` apart; the key is as it is, not encoded, and may be empty. `undefined` for any other text. */
export function parseS3(text: string): S3Address | undefined {
	const [, bucket, key = ''] = /^s3:\/\/([^/]+)(?:\/(.*))?$/su.exec(text) ?? [];
	return bucket !== undefined && isBucketName(bucket) ? {bucket, key} : undefined;
}

export const nameS3 = ({bucket, key}: S3Address): string => `s3://${bucket}/${key}`;
