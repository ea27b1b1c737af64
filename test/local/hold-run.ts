import {z} from 'zod';
import {defineFlow, run} from '../../src/index.ts';

// A program with a durable run: says that it works on its first item, then waits for a line on standard input before that item ends.
const [out = '', ...items] = process.argv.slice(2);
const flow = defineFlow({
	name: 'hold',
	item: z.string(),
	async fetch(item) {
		console.log(`at ${item}`);
		if (item === items[0]) await new Promise(resolve => process.stdin.once('data', resolve));
		return item.toUpperCase();
	},
});
const {completionReason} = await run(flow, items, {out, limits: {ioConcurrency: 1}}).report();
console.log(completionReason);
process.stdin.destroy();
