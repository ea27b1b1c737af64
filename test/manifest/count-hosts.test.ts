import {expect, it} from 'vitest';
import {countHosts} from '../../src/manifest/count-hosts.ts';

it('counts items by host, also when hosts alternate or one begins like another', () => {
	const hosts = countHosts();
	const sources = ['https://a.b/1', 'https://a.bc/1', 'https://a.b/2', 's3://b/k', 'x/y.jpg', 'z', 'https://a.b', 'https://a.b/3?0f'];
	for (const source of sources) hosts.add(source);
	expect(hosts.top()).toEqual([
		{host: 'https://a.b', items: 4},
		{host: 'file:', items: 2},
		{host: 'https://a.bc', items: 1},
		{host: 's3://b', items: 1},
	]);
});

it('leaves hosts out that come after 10,000 others, and goes on counting those', () => {
	const hosts = countHosts();
	for (let n = 0; n < 10_000; n++) hosts.add(`https://h${n}/`);
	for (const source of ['https://late/', 'https://late/', 'https://h9999/2', 'https://late/']) hosts.add(source);
	expect(hosts.top()[0]).toEqual({host: 'https://h9999', items: 2});
	expect(hosts.top().some(({host}) => host === 'https://late')).toBe(false);
});
