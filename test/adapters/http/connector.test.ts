import type {LookupAddress} from 'node:dns';
import {connect as connectTo, type LookupFunction} from 'node:net';
import {Pool, buildConnector} from 'undici';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {guardedConnector, type ConnectorOptions} from '../../../src/adapters/http/connector.ts';
import {httpOrigin, serve, type HttpOrigin} from '../../support/http-origin.ts';

let origin: HttpOrigin;
const signal = new AbortController().signal;

beforeEach(async () => {
	origin = await httpOrigin();
	origin.on('/', serve('hello'));
});

afterEach(async () => {
	await origin[Symbol.asyncDispose]();
});

/** A resolver that answers every name with these addresses. */
const resolveTo =
	(...addresses: readonly string[]): LookupFunction =>
	(_, options, callback) => {
		const found: LookupAddress[] = addresses.map(address => ({address, family: address.includes(':') ? 6 : 4}));
		if (options.all) callback(null, found);
		else callback(null, addresses[0] ?? '', found[0]?.family ?? 4);
	};

async function get(url: string, options: Partial<ConnectorOptions>): Promise<string> {
	const connect = guardedConnector({build: buildConnector, allowOrigins: new Set(), connectMs: 1000, signal, ...options});
	const pool = new Pool(url, {connect});
	try {
		const {body} = await pool.request({path: '/', method: 'GET'});
		return await body.text();
	} finally {
		await pool.destroy();
	}
}

describe('guardedConnector', () => {
	it.each([
		['127.0.0.1'],
		['10.0.0.1'],
		['169.254.169.254'],
		['::1'],
		['::ffff:127.0.0.1'],
		['64:ff9b::a00:1'],
		['8.8.8.8', '127.0.0.1'],
		['2606:4700::1111', '8.8.8.8', 'fd00::1'],
	])('refuses a name that resolves to %s', async (...addresses) => {
		await expect(get('http://images.test/', {lookup: resolveTo(...addresses)})).rejects.toMatchObject({code: 'ADDRESS_DENIED'});
	});

	it.each([
		'127.0.0.1',
		'2130706433',
		'0x7f.1',
		'017700000001',
		'127.1',
		'0',
		'[::1]',
		'[::ffff:127.0.0.1]',
		'[::127.0.0.1]',
		'[64:ff9b::7f00:1]',
	])('refuses the literal %s without asking a resolver', async literal => {
		const lookup: LookupFunction = () => expect.unreachable();
		const port = new URL(origin.origin).port;
		await expect(get(`http://${literal}:${port}`, {lookup})).rejects.toMatchObject({code: 'ADDRESS_DENIED'});
		expect(origin.connections).toBe(0);
	});

	it('refuses a socket that ended up at a private address whatever was resolved', async () => {
		const {port} = new URL(origin.origin);
		const build = (): buildConnector.connector => (_, callback) => {
			const socket = connectTo(Number(port), '127.0.0.1', () => callback(null, socket));
		};
		const getting = get('http://images.test/', {build, lookup: resolveTo('8.8.8.8')});
		await expect(getting).rejects.toMatchObject({code: 'ADDRESS_DENIED'});
		expect(origin.requests).toHaveLength(0);
	});

	it('lets exactly the allowed origin through: not another port, name or scheme of it', async () => {
		const {port} = new URL(origin.origin);
		const lookup = resolveTo('127.0.0.1');
		const allowOrigins = new Set([`http://images.test:${port}`]);
		expect(await get(`http://images.test:${port}`, {lookup, allowOrigins})).toBe('hello');
		for (const other of [`http://images.test`, `http://images.test.:${port}`, `http://127.0.0.1:${port}`, `https://images.test:${port}`]) {
			await expect(get(other, {lookup, allowOrigins})).rejects.toMatchObject({code: 'ADDRESS_DENIED'});
		}
	});

	it('says that a name without addresses was not found', async () => {
		await expect(get('http://images.test/', {lookup: resolveTo()})).rejects.toMatchObject({code: 'ENOTFOUND'});
	});

	it('does not say which private address a name has', async () => {
		await expect(get('http://images.test/', {lookup: resolveTo('10.1.2.3')})).rejects.toThrow(/^(?!.*10\.1\.2\.3).*private/u);
	});

	it('destroys what is still connecting when its signal aborts', async () => {
		const {promise: asked, resolve} = Promise.withResolvers<void>();
		const disposal = new AbortController();
		const getting = get('http://images.test/', {lookup: () => resolve(), signal: disposal.signal});
		await asked;
		disposal.abort();
		await expect(getting).rejects.toMatchObject({name: 'AbortError'});
	});
});
