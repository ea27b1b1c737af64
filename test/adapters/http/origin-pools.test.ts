import {Pool} from 'undici';
import {expect, it} from 'vitest';
import {originPools} from '../../../src/adapters/http/origin-pools.ts';
import {httpOrigin, serve} from '../../support/http-origin.ts';

it('keeps one pool per origin', async () => {
	const pools = originPools(origin => new Pool(origin));
	expect(pools.of('http://a.test')).toBe(pools.of('http://a.test'));
	expect(pools.of('http://a.test')).not.toBe(pools.of('https://a.test'));
	expect(pools.size).toBe(2);
	await pools.destroy();
});

it('forgets idle origins however many come, and never one that is connected', async () => {
	await using server = await httpOrigin();
	server.on('/', serve('hello'));
	const pools = originPools(origin => new Pool(origin));
	const busy = pools.of(server.origin);
	const {body} = await busy.request({path: '/', method: 'GET'});
	for (let n = 0; n < 5000; n++) pools.of(`http://host-${n}.test`);
	expect(pools.size).toBeLessThanOrEqual(1001);
	expect(pools.of(server.origin)).toBe(busy);
	expect(await body.text()).toBe('hello');
	await pools.destroy();
});
