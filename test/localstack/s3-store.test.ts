import {s3Store} from '../../src/adapters/s3/store.ts';
import {describeObjectStore} from '../conformance/object-store.ts';
import {openBucket} from '../support/s3-bucket.ts';

describeObjectStore('a bucket', async () => {
	const bucket = await openBucket();
	return {store: s3Store(bucket), dispose: () => bucket.dispose()};
});

describeObjectStore('a prefix of a bucket', async () => {
	const bucket = await openBucket();
	await bucket.put('thumbs.txt', 'a neighbour');
	await bucket.put('thumbs2/a', 'a neighbour');
	return {store: s3Store({...bucket, prefix: '/thumbs/'}), dispose: () => bucket.dispose()};
});
