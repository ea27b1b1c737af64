import {cpu, defineFlow, run} from 'twolane';
import {s3Reader, s3Store} from 'twolane/aws';
import {z} from 'zod';

declare const client: unknown;

export const pdfText = defineFlow({
	name: 'pdf-text',
	item: z.object({id: z.string(), s3: z.string()}),
	fetch: (item, {read}) => read(item),
	transform: cpu<typeof import('./extract.ts')>(new URL('extract.ts', import.meta.url)),
	async store({text, pages}, {put}) {
		await put('text.txt', text, {contentType: 'text/plain; charset=utf-8'});
		return {pages};
	},
});

const out = s3Store({client, bucket: 'out'});
console.log(await run(pdfText, 's3://in/list.jsonl', {readers: [s3Reader({client, buckets: ['in']})], out}).report());
