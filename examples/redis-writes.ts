// Writes lines of key=value to Redis. An empty value is skipped.
//
//   node examples/redis-writes.ts redis://127.0.0.1:6379 < pairs.txt
import {createInterface} from 'node:readline';
import {createClient} from 'redis';
import {defineFlow, fanOut, skip} from 'twolane';
import {z} from 'zod';

export const openRedis = (url: string) => createClient({url}).on('error', error => console.error(`Redis: ${error}`));

/** One client for all items: it sends the commands of all stores in flight over one socket. */
export const writeTo = (client: ReturnType<typeof openRedis>) =>
	defineFlow({
		name: 'redis-writes',
		item: z.object({key: z.string().min(1), value: z.string()}),
		id: item => item.key,
		fetch: async item => (item.value === '' ? skip('the value is empty') : item),
		async store({key, value}, {signal}) {
			await client.withAbortSignal(signal).set(key, value);
			return {key, length: value.length};
		},
	});

async function* readPairs() {
	for await (const line of createInterface({input: process.stdin})) {
		const [key = '', ...value] = line.split('=');
		yield {key, value: value.join('=')};
	}
}

if (import.meta.main) {
	const client = openRedis(process.argv[2] ?? 'redis://127.0.0.1:6379');
	await client.connect();
	const {itemCounts, verdict} = await fanOut(writeTo(client), readPairs()).report();
	console.log(itemCounts, verdict.bound, ...verdict.advice);
	await client.close();
}
