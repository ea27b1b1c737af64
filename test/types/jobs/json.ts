import {glob, readFile} from 'node:fs/promises';
import {defineFlow, fanOut} from 'twolane';
import {z} from 'zod';

const order = z.object({country: z.string(), total: z.number()});

export const orders = defineFlow({
	name: 'orders',
	item: z.string(),
	id: path => path,
	fetch: async path => order.parse(JSON.parse(await readFile(path, 'utf8'))),
});

const totals = new Map<string, number>();
for await (const outcome of fanOut(orders, glob('data/**/*.json'), {limits: {ioConcurrency: 8}})) {
	if (outcome.status !== 'succeeded') continue;
	const {country, total} = outcome.result;
	totals.set(country, (totals.get(country) ?? 0) + total);
}
