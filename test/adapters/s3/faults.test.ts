import {expect, it} from 'vitest';
import {describeFailure} from '../../../src/adapters/s3/failures.ts';
import {recognise} from '../../../src/adapters/s3/faults.ts';

const failed = (name: string, status?: number, more: object = {}): Error =>
	Object.assign(new Error('the request &X-Amz-Signature=abc'), {
		name,
		...(status !== undefined && {$metadata: {httpStatusCode: status}}),
		...more,
	});

it.each([
	// A HEAD has no body, so the SDK knows the status alone.
	['403 without a word', failed('Unknown', 403), 'denied'],
	['404 without a word', failed('NotFound', 404), 'missing'],
	['412 without a word', failed('UnknownError', 412), 'changed'],
	['503 without a word', failed('Unknown', 503), 'throttled'],
	['a bucket that is gone', failed('NoSuchBucket', 404), 'no-bucket'],
	['a service that is down', failed('ServiceUnavailable', 503), 'unavailable'],
	['a gateway', failed('Unknown', 502), 'unavailable'],
	['a bad request', failed('InvalidArgument', 400), 'refused'],
	['a reset', failed('TimeoutError', undefined, {code: 'ECONNRESET'}), 'unavailable'],
	['a slow socket', failed('TimeoutError'), 'timeout'],
	['a name that does not resolve', failed('Error', undefined, {code: 'ENOTFOUND'}), 'unavailable'],
	['no region', new Error('Region is missing'), 'refused'],
])('knows %s', (_, error, trouble) => {
	expect(recognise(error)).toBe(trouble);
});

it('never repeats what the service says: it may quote a signed request', () => {
	const address = {bucket: 'b', key: 'k'};
	for (const name of ['AccessDenied', 'SlowDown', 'SignatureDoesNotMatch', 'Strange']) {
		const {message} = describeFailure(failed(name, 403), address, {use: 'source', action: 'read'});
		expect(message).toMatch(new RegExp(`^s3://b/k could not be read: .*\\(${name}, 403\\)$`, 'u'));
	}
});
