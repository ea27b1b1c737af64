import {execFile} from 'node:child_process';
import {createHash, randomBytes} from 'node:crypto';
import {createServer, type AddressInfo, type Server} from 'node:net';
import {once} from 'node:events';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {httpReader} from '../../../src/adapters/http/reader.ts';
import type {HttpOptions} from '../../../src/adapters/http/client.ts';
import type {ReadContext, Reader} from '../../../src/lanes/ports.ts';
import * as origins from '../../support/http-origin.ts';
import {selfSigned} from './self-signed.ts';

const photo = randomBytes(300_000);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const context = (options: Partial<ReadContext> = {}): ReadContext => ({
	signal: new AbortController().signal,
	maxBytes: 1_000_000,
	reserve: async () => {},
	...options,
});
const shortTimeouts = {connectMs: 100, headersMs: 100, idleMs: 100};

let origin: origins.HttpOrigin;
let reader: Reader & AsyncDisposable;
const read = (path: string, options?: Partial<ReadContext>): Promise<Uint8Array<ArrayBuffer>> =>
	reader.read({url: origin.url(path)}, context(options));
const failure = async (path: string, options?: Partial<ReadContext>): Promise<unknown> =>
	read(path, options).catch((error: unknown) => error);

async function withReader(options: HttpOptions): Promise<void> {
	await reader[Symbol.asyncDispose]();
	reader = httpReader({allowOrigins: [origin.origin], ...options});
}

beforeEach(async () => {
	origin = await origins.httpOrigin();
	reader = httpReader({allowOrigins: [origin.origin]});
});

afterEach(async () => {
	await reader[Symbol.asyncDispose]();
	await origin[Symbol.asyncDispose]();
});

describe('a good answer', () => {
	it.each([
		['with its length announced', origins.serve(photo)],
		['chunked', origins.chunked(photo)],
		['ended by the end of the connection', origins.untilClose(photo)],
		['of one byte', origins.serve(photo.subarray(0, 1))],
		['whose head comes after early hints', {raw: 'HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na'}],
		['that says identity', origins.serve(photo, {'content-encoding': 'Identity'})],
	])('%s comes whole, in a buffer of its own', async (_, answer) => {
		origin.on('/a', answer);
		const body = await read('/a');
		const expected = answer.body ?? Buffer.from('a');
		expect(sha256(body)).toBe(sha256(Buffer.from(expected)));
		expect(body.byteOffset).toBe(0);
		expect(body.buffer.byteLength).toBe(body.byteLength);
		structuredClone(body, {transfer: [body.buffer]});
		expect(body.byteLength).toBe(0);
	});

	it('is asked for without compression, over one connection for one read after the other', async () => {
		origin.on('/a', origins.serve(photo));
		for (let n = 0; n < 3; n++) await read('/a');
		expect(origin.connections).toBe(1);
		expect(origin.requests[0]?.head.toLowerCase()).toContain('accept-encoding: identity');
	});

	it('comes for many at once', async () => {
		const {promise: allCame, resolve} = Promise.withResolvers<void>();
		origin.on('/a', () => {
			if (origin.maxInFlight === 40) resolve();
			return {body: photo, before: allCame};
		});
		const bodies = await Promise.all(Array.from({length: 40}, () => read('/a')));
		expect(new Set(bodies.map(sha256))).toEqual(new Set([sha256(photo)]));
	});

	it('has room reserved before it is kept: at once when the length is known, step by step when it is not', async () => {
		const asked: number[] = [];
		const reserve = async (bytes: number): Promise<void> => void asked.push(bytes);
		origin.on('/known', origins.serve(photo));
		await read('/known', {reserve});
		expect(asked.splice(0)).toEqual([photo.length]);

		origin.on('/unknown', origins.chunked(photo));
		await read('/unknown', {reserve, maxBytes: 400_000});
		expect(asked).toEqual(asked.toSorted((a, b) => a - b));
		expect(asked.at(-1)).toBeGreaterThanOrEqual(photo.length);
		expect(asked.at(-1)).toBeLessThanOrEqual(400_000);
	});

	it('may wait for room longer than the idle limit', async () => {
		await withReader({timeouts: {idleMs: 50}});
		const large = randomBytes(4_000_000);
		origin.on('/a', origins.serve(large));
		// undici's clock ticks twice a second: this is past the tick at which an idle connection would have been given up.
		const reserve = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 1600));
		expect(sha256(await read('/a', {reserve, maxBytes: large.length}))).toBe(sha256(large));
	});
});

describe('a bad answer', () => {
	const closing = {connection: 'close'};
	it.each<[string, origins.Answer, string]>([
		['a reset before the headers', origins.resetBeforeHeaders, 'CONNECTION_RESET'],
		['an end before the headers', origins.closeBeforeHeaders, 'CONNECTION_RESET'],
		['an end within the headers', {raw: 'HTTP/1.1 200 OK\r\ncontent-le', ending: 'end'}, 'CONNECTION_RESET'],
		['a reset in the body', origins.resetInBody(photo, 100_000), 'CONNECTION_RESET'],
		['a reset in the last body of a connection', {...origins.resetInBody(photo, 100_000), headers: closing}, 'CONNECTION_RESET'],
		['a reset in a chunked body', {...origins.resetInBody(photo, 100_000), framing: 'chunked'}, 'CONNECTION_RESET'],
		['a reset in a body without length', {...origins.resetInBody(photo, 100_000), framing: 'close'}, 'CONNECTION_RESET'],
		['an early end', origins.truncated(photo, 1000), 'BODY_TRUNCATED'],
		['an early end of the last body', {...origins.truncated(photo, 1000), headers: closing}, 'BODY_TRUNCATED'],
		['an early end of a chunked body', {...origins.truncated(photo, 1000), framing: 'chunked'}, 'BODY_TRUNCATED'],
		['an early end of the last chunked body', {...origins.truncated(photo, 1000), framing: 'chunked', headers: closing}, 'BODY_TRUNCATED'],
		['a cut before the first byte of the body', origins.truncated(photo, 0), 'BODY_TRUNCATED'],
		['something that is not HTTP', origins.garbage, 'PROTOCOL_ERROR'],
		[
			'a chunk size that is no number',
			{raw: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n', ending: 'stall'},
			'PROTOCOL_ERROR',
		],
		['two lengths', {body: 'abc', headers: {'content-length': '4'}}, 'PROTOCOL_ERROR'],
		['a length that is no number', {raw: 'HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n', ending: 'end'}, 'PROTOCOL_ERROR'],
		['endless headers', {body: 'a', headers: {x: 'y'.repeat(20_000)}}, 'PROTOCOL_ERROR'],
		['another protocol', {raw: 'HTTP/1.1 101 Switch\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n', ending: 'stall'}, 'PROTOCOL_ERROR'],
		['a part that nobody asked for', {status: 206, body: 'part'}, 'PROTOCOL_ERROR'],
		['an empty body', origins.empty, 'EMPTY_BODY'],
		['an empty body without length', origins.untilClose(''), 'EMPTY_BODY'],
		['an empty chunked body', origins.chunked(''), 'EMPTY_BODY'],
		['no content', origins.noContent, 'EMPTY_BODY'],
		['gzip unasked', origins.gzipUnasked(photo), 'ENCODING_DENIED'],
		['several encodings', origins.serve('a', {'content-encoding': ['identity', 'br']}), 'ENCODING_DENIED'],
	])('%s fails, and the message names origin and path only', async (_, answer, code) => {
		origin.on('/a.jpg?token=secret', answer);
		const error = await failure('/a.jpg?token=secret');
		expect(error).toMatchObject({name: 'TwolaneError', code});
		expect(String(error)).toContain(origin.url('/a.jpg'));
		expect(String(error)).not.toContain('secret');
	});

	it.each([400, 401, 403, 404, 410, 418, 300, 304, 999])('status %i is permanent', async code => {
		origin.on('/a', origins.status(code));
		expect(await failure('/a')).toMatchObject({code: 'HTTP_STATUS', status: code, retryable: false});
	});

	it.each([408, 425, 429, 500, 502, 503, 504])('status %i is transient', async code => {
		origin.on('/a', origins.status(code));
		expect(await failure('/a')).toMatchObject({code: 'HTTP_STATUS', status: code, retryable: true});
	});

	it('says how long the server wants to be left alone, in seconds or until a date', async () => {
		origin.on('/a', origins.status(429, {'retry-after': '7'}));
		expect(await failure('/a')).toMatchObject({retryAfterMs: 7000});
		origin.on('/a', origins.status(503, {date: 'Sun, 06 Nov 1994 08:49:37 GMT', 'retry-after': 'Sun, 06 Nov 1994 08:49:40 GMT'}));
		expect(await failure('/a')).toMatchObject({retryAfterMs: 3000});
		origin.on('/a', origins.status(503));
		expect(await failure('/a')).not.toMatchObject({retryAfterMs: expect.anything()});
	});

	it('leaves its connection in use when its page is small', async () => {
		origin.on('/small', origins.status(404, {}, 'x'.repeat(10_000)));
		for (let n = 0; n < 5; n++) expect(await failure('/small')).toMatchObject({status: 404});
		expect(origin.connections).toBe(1);
	});

	it.each<[string, origins.Answer]>([
		['large', origins.status(404, {}, 'x'.repeat(1_000_000))],
		['large and of unknown length', {...origins.status(404, {}, 'x'.repeat(1_000_000)), framing: 'chunked'}],
		['slow', {...origins.status(404, {}, 'x'.repeat(1000)), cutAt: 10, ending: 'stall'}],
	])('closes its connection when its page is %s, and the next ones are kept again', async (_, answer) => {
		origin.on('/page', answer);
		origin.on('/a', origins.serve(photo));
		expect(await failure('/page')).toMatchObject({status: 404});
		await read('/a');
		const {connections} = origin;
		expect(connections).toBeGreaterThan(1);
		for (let n = 0; n < 5; n++) await read('/a');
		expect(origin.connections).toBe(connections);
	});
});

describe('the cap', () => {
	it('lets a body of exactly its size pass', async () => {
		origin.on('/known', origins.serve(photo));
		origin.on('/unknown', origins.chunked(photo));
		expect(await read('/known', {maxBytes: photo.length})).toHaveLength(photo.length);
		expect(await read('/unknown', {maxBytes: photo.length})).toHaveLength(photo.length);
	});

	it('refuses a larger one at its announcement, before any room is reserved', async () => {
		const {promise: never} = Promise.withResolvers<void>();
		origin.on('/a', {announce: 10 ** 15, body: 'x', resume: never});
		const reserve = async (): Promise<void> => expect.unreachable();
		expect(await failure('/a', {reserve})).toMatchObject({code: 'TOO_MANY_BYTES', retryable: false});
	});

	it('stops an unannounced one early: an endless body ends the read', async () => {
		let sentBytes = 0;
		const server = createServer(socket => {
			socket.on('error', () => {});
			socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
			const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
			const pump = (): void => {
				if (socket.destroyed) return;
				sentBytes += 65_536;
				if (socket.write(chunk)) setImmediate(pump);
				else socket.once('drain', pump);
			};
			pump();
		});
		const port = await listen(server);
		await withReader({allowOrigins: [`http://127.0.0.1:${port}`]});
		const error = await reader.read({url: `http://127.0.0.1:${port}/`}, context({maxBytes: 200_000})).catch((thrown: unknown) => thrown);
		expect(error).toMatchObject({code: 'TOO_MANY_BYTES'});
		server.close();
		await once(server, 'close');
		// What the sockets' buffers on both sides take is not in our hands; without the cap this would never end.
		expect(sentBytes).toBeGreaterThan(200_000);
	});
});

describe('redirects', () => {
	it.each([301, 302, 303, 307, 308])('follows %i to a relative location', async code => {
		origin.on('/folder/a', origins.redirect('../b?x=1#part', code));
		origin.on('/b?x=1', origins.serve(photo));
		expect(sha256(await read('/folder/a'))).toBe(sha256(photo));
	});

	it('follows five and refuses the sixth', async () => {
		for (let n = 0; n < 6; n++) origin.on(`/${n}`, origins.redirect(`/${n + 1}`));
		origin.on('/6', origins.serve(photo));
		expect(await read('/1')).toHaveLength(photo.length);
		expect(await failure('/0')).toMatchObject({code: 'REDIRECT_LIMIT', retryable: false});
		expect(origin.requests.map(({path}) => path)).toEqual(['/1', '/2', '/3', '/4', '/5', '/6', '/0', '/1', '/2', '/3', '/4', '/5']);
	});

	it('ends a loop', async () => {
		origin.on('/a', origins.redirect('/a'));
		expect(await failure('/a')).toMatchObject({code: 'REDIRECT_LIMIT'});
		expect(origin.requests).toHaveLength(6);
	});

	it.each([
		['no location', {status: 302, body: ''}, 'PROTOCOL_ERROR'],
		['an empty location', origins.redirect(''), 'PROTOCOL_ERROR'],
		['a location that is no URL', origins.redirect('http://'), 'URL_INVALID'],
		['another scheme', origins.redirect('file:///etc/passwd'), 'SCHEME_DENIED'],
		['credentials', origins.redirect('http://me:secret@127.0.0.1/'), 'CREDENTIALS_IN_URL'],
		['a private address', origins.redirect('http://169.254.169.254/latest/meta-data/?secret'), 'ADDRESS_DENIED'],
		['a private address in disguise', origins.redirect('http://[::ffff:7f00:1]/'), 'ADDRESS_DENIED'],
		['a name of this machine', origins.redirect('http://localhost/'), 'ADDRESS_DENIED'],
	])('with %s fails as %s', async (_, answer, code) => {
		origin.on('/a', answer);
		const error = await failure('/a');
		expect(error).toMatchObject({code, retryable: code === 'PROTOCOL_ERROR'});
		expect(String(error)).not.toContain('secret');
	});

	it('does not carry the permission of one origin to another on the same machine', async () => {
		await using other = await origins.httpOrigin();
		other.on('/b', origins.serve(photo));
		origin.on('/a', origins.redirect(other.url('/b')));
		expect(await failure('/a')).toMatchObject({code: 'ADDRESS_DENIED'});
		expect(other.connections).toBe(0);
	});
});

describe('time limits', () => {
	it('gives up a server that sends no headers', async () => {
		await withReader({timeouts: shortTimeouts});
		origin.on('/a', origins.stallBeforeHeaders);
		expect(await failure('/a')).toMatchObject({code: 'HEADERS_TIMEOUT', retryable: true});
	});

	it.each([
		['announced', origins.stallInBody(photo, 1000)],
		['chunked', {...origins.stallInBody(photo, 1000), framing: 'chunked' as const}],
	])('gives up an %s body that stalls', async (_, answer) => {
		await withReader({timeouts: shortTimeouts});
		origin.on('/a', answer);
		expect(await failure('/a')).toMatchObject({code: 'BODY_TIMEOUT', retryable: true});
	});

	it('gives up a TLS handshake that stalls', async () => {
		const server = createServer(socket => void socket.on('error', () => {}));
		const port = await listen(server);
		await withReader({allowOrigins: [`https://127.0.0.1:${port}`], timeouts: shortTimeouts});
		const error = await reader.read({url: `https://127.0.0.1:${port}/`}, context()).catch((thrown: unknown) => thrown);
		expect(error).toMatchObject({code: 'CONNECT_TIMEOUT', retryable: true});
		server.close();
	});
});

describe('an abort', () => {
	it('before the read connects to nothing', async () => {
		const signal = AbortSignal.abort('stop');
		await expect(read('/a', {signal})).rejects.toBe('stop');
		expect(origin.connections).toBe(0);
	});

	it.each(['before the headers', 'in the body', 'while it waits for room'])('%s ends the read with its reason', async where => {
		const stop = new AbortController();
		const reason = new Error('stop');
		origin.on('/a', () => {
			if (where === 'before the headers') setImmediate(() => stop.abort(reason));
			return where === 'before the headers' ? origins.stallBeforeHeaders : origins.stallInBody(photo, 1000);
		});
		const reserve = async (): Promise<void> => {
			if (where !== 'before the headers') setImmediate(() => stop.abort(reason));
			if (where === 'while it waits for room') await new Promise(() => {});
		};
		await expect(read('/a', {signal: stop.signal, reserve})).rejects.toBe(reason);
	});

	it('while it connects does not wait for the connection', async () => {
		const lookup: HttpOptions['lookup'] = () => {};
		await withReader({allowOrigins: ['http://images.test'], lookup});
		const stop = new AbortController();
		const reading = reader.read({url: 'http://images.test/'}, context({signal: stop.signal}));
		setImmediate(() => stop.abort('stop'));
		await expect(reading).rejects.toBe('stop');
	});

	it('leaves the connections of others alone', async () => {
		const {promise: go, resolve} = Promise.withResolvers<void>();
		const stop = new AbortController();
		origin.on('/a', {body: photo, before: go});
		origin.on('/b', () => {
			stop.abort('stop');
			return origins.stallBeforeHeaders;
		});
		const kept = read('/a');
		await expect(read('/b', {signal: stop.signal})).rejects.toBe('stop');
		resolve();
		expect(sha256(await kept)).toBe(sha256(photo));
	});
});

describe('what cannot be reached', () => {
	it('is a refused connection', async () => {
		const server = createServer();
		const port = await listen(server);
		server.close();
		await once(server, 'close');
		await withReader({allowOrigins: [`http://127.0.0.1:${port}`]});
		await expect(reader.read({url: `http://127.0.0.1:${port}/`}, context())).rejects.toMatchObject({code: 'CONNECT_FAILED'});
	});

	it.each([
		['ENOTFOUND', 'DNS_NOT_FOUND'],
		['EAI_AGAIN', 'DNS_FAILED'],
	])('is a name that ends in %s', async (code, expected) => {
		await withReader({lookup: (_, __, callback) => callback(Object.assign(new Error(code), {code}), '')});
		await expect(reader.read({url: 'http://images.test/'}, context())).rejects.toMatchObject({code: expected, retryable: true});
	});

	it('is a server whose certificate nobody signed, or which speaks no TLS', async () => {
		await using secure = await origins.httpOrigin({tls: selfSigned});
		secure.on('/a', origins.serve(photo));
		const plain = createServer(socket => socket.on('error', () => {}).end('no TLS here\r\n'));
		const port = await listen(plain);
		await withReader({allowOrigins: [secure.origin, `https://127.0.0.1:${port}`]});
		for (const url of [secure.url('/a'), `https://127.0.0.1:${port}/`]) {
			await expect(reader.read({url}, context())).rejects.toMatchObject({code: 'TLS_INVALID', retryable: false});
		}
		plain.close();
	});
});

describe('a process', () => {
	it('that trusts the certificate reads over TLS', async () => {
		await using secure = await origins.httpOrigin({tls: selfSigned});
		secure.on('/a', origins.serve(photo));
		const folder = await mkdtemp(join(tmpdir(), 'twolane-tls-'));
		await writeFile(join(folder, 'ca.pem'), selfSigned.cert);
		const script = `
			const {httpReader} = await import(${JSON.stringify(new URL('../../../src/adapters/http/reader.ts', import.meta.url).href)});
			await using reader = httpReader({allowOrigins: [${JSON.stringify(secure.origin)}]});
			const signal = new AbortController().signal;
			const body = await reader.read({url: ${JSON.stringify(secure.url('/a'))}}, {signal, maxBytes: 1e6, reserve: async () => {}});
			process.stdout.write(String(body.length));
		`;
		const env = {...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem')};
		const {stdout} = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {env});
		expect(stdout).toBe(String(photo.length));
		await rm(folder, {recursive: true});
	});

	it('that read once ends by itself, without disposing of the reader', async () => {
		origin.on('/a', origins.serve(photo));
		const script = `
			const {httpReader} = await import(${JSON.stringify(new URL('../../../src/adapters/http/reader.ts', import.meta.url).href)});
			const reader = httpReader({allowOrigins: [${JSON.stringify(origin.origin)}]});
			const signal = new AbortController().signal;
			const body = await reader.read({url: ${JSON.stringify(origin.url('/a'))}}, {signal, maxBytes: 1e6, reserve: async () => {}});
			process.stdout.write(String(body.length));
		`;
		// Far below the four seconds for which undici keeps an idle connection, were it to hold the process.
		const {stdout} = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {timeout: 3500});
		expect(stdout).toBe(String(photo.length));
	});

	it('that only makes a reader loads no undici', async () => {
		const script = `
			const {httpReader} = await import(${JSON.stringify(new URL('../../../src/adapters/http/reader.ts', import.meta.url).href)});
			await using reader = httpReader();
			process.stdout.write(String(Object.keys((await import('node:module')).default._cache).some(file => file.includes('undici'))));
		`;
		const {stdout} = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
		expect(stdout).toBe('false');
	});
});

it('refuses an allowed origin that is no URL when it is made', () => {
	expect(() => httpReader({allowOrigins: ['127.0.0.1']})).toThrow(TypeError);
});

it('refuses a source of another kind', async () => {
	await expect(reader.read({file: '/a.jpg'}, context())).rejects.toMatchObject({code: 'INTERNAL'});
});

async function listen(server: Server): Promise<number> {
	await once(server.listen(0, '127.0.0.1'), 'listening');
	return (server.address() as AddressInfo).port;
}
