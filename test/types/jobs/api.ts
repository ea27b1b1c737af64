import {defineFlow, fanOut, skip, throwIfNotOk} from 'twolane';
import {z} from 'zod';

interface Customer {
	id: string;
	tier: string;
}

export const customers = defineFlow({
	name: 'customers',
	item: z.object({id: z.string()}),
	async fetch(item, {signal}) {
		const response = await fetch(`https://api.example.com/customers/${item.id}`, {signal});
		if (response.status === 404) return skip('no such customer');
		throwIfNotOk(response);
		return (await response.json()) as Customer;
	},
});

const ids = Array.from({length: 5000}, (_, n) => ({id: String(n)}));
const work = fanOut(customers, ids, {limits: {ioConcurrency: 20}, attempts: 6});
for await (const outcome of work) {
	if (outcome.status === 'succeeded') console.log(outcome.result.tier.length);
}
console.log(work.snapshot().verdict.advice);
