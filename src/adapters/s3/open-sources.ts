import {HeadObjectCommand} from '@aws-sdk/client-s3';
import {TwolaneError} from '../../lanes/errors.ts';
import type {S3Object, S3Sources} from '../../sources/s3-sources.ts';
import {nameS3} from './address.ts';
import {openBody, readBody} from './body.ts';
import {type Bucket, call} from './bucket.ts';
import {describeFailure} from './failures.ts';
import {recognise} from './faults.ts';
import {listPages} from './list.ts';

/** Versions of a bucket that keeps none any more, or not yet, can be overwritten. */
const NO_VERSION = 'null';

/** Manifests and prefixes in S3. @param check throws for a bucket that may not be read. */
export function openSources(place: Pick<Bucket, 'client' | 'timeLimits'>, check: (bucket: string) => void): S3Sources {
	return {
		async find({bucket, key}) {
			check(bucket);
			try {
				const command = new HeadObjectCommand({Bucket: bucket, Key: key});
				const {ETag = '', VersionId} = await call(place, {what: 'the answer'}, abortSignal => place.client.send(command, {abortSignal}));
				return {bucket, key, etag: ETag, ...(VersionId !== undefined && VersionId !== NO_VERSION && {versionId: VersionId})};
			} catch (error) {
				throw describeFailure(error, {bucket, key}, {use: 'source', action: 'read'});
			}
		},

		async *open(object, {signal}) {
			check(object.bucket);
			const {etag: _, ...versioned} = object;
			const request = {...(object.versionId === undefined ? object : versioned), signal};
			try {
				yield* readBody(place, request, await openBody(place, request));
			} catch (error) {
				signal?.throwIfAborted();
				throw isOther(error, object) ? changed(object) : describeFailure(error, object, {use: 'source', action: 'read'});
			}
		},

		async *list({bucket, prefix}, {signal}) {
			check(bucket);
			try {
				yield* listPages({...place, name: bucket}, {prefix, signal});
			} catch (error) {
				signal?.throwIfAborted();
				throw describeFailure(error, {bucket, key: prefix}, {use: 'source', action: 'listed'});
			}
		},
	};
}

const isOther = (error: unknown, {versionId}: S3Object): boolean =>
	recognise(error) === 'changed' || (versionId !== undefined && recognise(error) === 'missing');

const changed = (object: S3Object): TwolaneError =>
	new TwolaneError('MANIFEST_CHANGED', `${nameS3(object)} has changed since the run was created`);
