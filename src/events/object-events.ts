import {z} from 'zod';

// What S3 sends; only what we use is checked. https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
const recordSchema = z.object({
	eventSource: z.literal('aws:s3'),
	eventName: z.string(),
	eventTime: z.iso.datetime(),
	s3: z.object({
		bucket: z.object({name: z.string().min(1)}),
		object: z.object({
			key: z.string().min(1),
			size: z.number().optional(),
			eTag: z.string().optional(),
			versionId: z.string().optional(),
		}),
	}),
});
const eventSchema = z.union([z.object({Event: z.literal('s3:TestEvent')}), z.object({Records: z.array(recordSchema)})]);

/** An object that somebody created. */
export interface CreatedObject {
	readonly bucket: string;
	readonly key: string;
	readonly bytes: number | undefined;
	/** Without quotes; one of the two is always there on AWS. */
	readonly etag: string | undefined;
	readonly versionId: string | undefined;
	/** ISO 8601, the same however often the event comes. */
	readonly createdAt: string;
}

/**
 * The objects that an S3 event tells of; none for the test event that S3 sends when a notification is set up, nor for removals.
 * @throws ZodError for what is no S3 event.
 */
export function readObjectEvent(event: unknown): readonly CreatedObject[] {
	const parsed = eventSchema.parse(event);
	if ('Event' in parsed) return [];
	return parsed.Records.filter(({eventName}) => eventName.replace(/^s3:/u, '').startsWith('ObjectCreated:')).map(
		({eventTime, s3: {bucket, object}}) => ({
			bucket: bucket.name,
			key: decodeKey(object.key),
			bytes: object.size,
			etag: object.eTag?.replaceAll('"', ''),
			// A bucket that had versions once, and has none now.
			versionId: object.versionId === 'null' ? undefined : object.versionId,
			createdAt: eventTime,
		}),
	);
}

/** As in a form: a space is `+`, a plus sign is `%2B`. */
const decodeKey = (key: string): string => decodeURIComponent(key.replaceAll('+', ' '));
