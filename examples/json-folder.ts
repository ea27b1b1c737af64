// Totals by country over a folder of JSON files such as {"country": "FR", "total": 12.5}.
//
//   node examples/json-folder.ts ./orders
import {glob, readFile} from 'node:fs/promises';
import {TwolaneError, defineFlow, fanOut} from 'twolane';
import {z} from 'zod';

const order = z.object({country: z.string(), total: z.number()});

export const orders = defineFlow({
	name: 'orders',
	item: z.string(),
	id: path => path,
	fetch: async path => readOrder(await readFile(path, 'utf8')),
});

/** A code of our own, so that a file that will not get better is not read four times. */
function readOrder(text: string) {
	try {
		return order.parse(JSON.parse(text));
	} catch (cause) {
		const problem = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
		throw new TwolaneError('ORDER_INVALID', `this is no order: ${problem}`, {cause});
	}
}

if (import.meta.main) {
	const totals: Record<string, number> = {};
	for await (const outcome of fanOut(orders, glob(`${process.argv[2] ?? '.'}/**/*.json`), {limits: {ioConcurrency: 8}})) {
		if (outcome.status === 'failed') console.error(`${outcome.id}: ${outcome.error.message}`);
		if (outcome.status !== 'succeeded') continue;
		const {country, total} = outcome.result;
		totals[country] = (totals[country] ?? 0) + total;
	}
	console.table(totals);
}
