// Customers of an API, one call for each line of a list of ids; a JSON object a line comes out.
//
//   node examples/api-batch.ts https://api.example.com/v1/ < ids.txt > customers.jsonl
import {createInterface} from 'node:readline';
import {defineFlow, fanOut, skip, throwIfNotOk} from 'twolane';
import {z} from 'zod';

const customer = z.object({id: z.string(), tier: z.string()});

export const customers = defineFlow({
	name: 'customers',
	item: z.object({id: z.string()}),
	options: z.object({api: z.url()}),
	async fetch({id}, {options: {api}, signal}) {
		const response = await fetch(new URL(`customers/${encodeURIComponent(id)}`, api), {signal});
		if (response.status === 404) return skip('no such customer');
		throwIfNotOk(response);
		return customer.parse(await response.json());
	},
});

async function* readIds() {
	for await (const id of createInterface({input: process.stdin})) yield {id};
}

if (import.meta.main) {
	const [api = 'http://127.0.0.1:8080/'] = process.argv.slice(2);
	const run = fanOut(customers, readIds(), {options: {api}, limits: {ioConcurrency: 20}, attempts: 6});
	for await (const outcome of run) {
		if (outcome.status === 'succeeded') console.log(JSON.stringify(outcome.result));
		if (outcome.status === 'failed') console.error(`${outcome.id}: ${outcome.error.message}`);
	}
	const {itemCounts, verdict} = run.snapshot();
	console.error(itemCounts, verdict.bound, ...verdict.advice);
}
