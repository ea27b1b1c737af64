import {expect, test} from 'vitest';
import {clientEnvironment, localStackSettings} from '../../localstack/settings.ts';

const settings = localStackSettings({port: 4999, folder: '/run-folder', node: '/node24', searchPath: '/usr/bin'});

test('listens on the loopback only', () => {
	expect(settings).toMatchObject({GATEWAY_LISTEN: '127.0.0.1:4999', LOCALSTACK_HOST: 'localhost:4999', DNS_ADDRESS: '0'});
});

test('tells nobody, and fetches nothing', () => {
	expect(settings).toMatchObject({DISABLE_EVENTS: '1', SKIP_SSL_CERT_DOWNLOAD: '1'});
});

test('writes below its folder only', () => {
	const places = ['HOME', 'FILESYSTEM_ROOT', 'TMPDIR', 'XDG_CACHE_HOME'].map(name => settings[name]);
	expect(places).toEqual(['/run-folder', '/run-folder/fs', '/run-folder/tmp', '/run-folder/cache']);
});

test('points every client to the endpoint, with the credentials that presigned URLs need', () => {
	expect(clientEnvironment('http://127.0.0.1:4999')).toMatchObject({
		AWS_ENDPOINT_URL: 'http://127.0.0.1:4999',
		AWS_ACCESS_KEY_ID: 'test',
		AWS_SECRET_ACCESS_KEY: 'test',
		AWS_REGION: 'us-east-1',
		AWS_DEFAULT_REGION: 'us-east-1',
	});
});
