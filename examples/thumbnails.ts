// Thumbnails of pictures on the web, written below ./thumbs.
//
//   node examples/thumbnails.ts https://example.com/a.jpg https://example.com/b.png
//
// Private addresses are refused; a server of your own is named: --allow-origin http://127.0.0.1:8080
import {parseArgs} from 'node:util';
import {cpu, defineFlow, fanOut, httpReader, sourceItem} from 'twolane';
import {z} from 'zod';

export const thumbnails = defineFlow({
	name: 'thumbnails',
	item: sourceItem,
	options: z.object({widthPx: z.int().min(1).default(256)}),
	fetch: (item, {read}) => read(item),
	transform: cpu<typeof import('./thumbnails.resize.ts')>(new URL('thumbnails.resize.ts', import.meta.url)),
	store: ({small}, {put}) => put('small.jpg', small, {contentType: 'image/jpeg'}),
});

if (import.meta.main) {
	const {values, positionals} = parseArgs({allowPositionals: true, options: {'allow-origin': {type: 'string', multiple: true}}});
	const items = positionals.map(url => ({url}));
	const readers = [httpReader({allowOrigins: values['allow-origin'] ?? []})];
	for await (const outcome of fanOut(thumbnails, items, {readers, out: 'thumbs'})) {
		if (outcome.status === 'succeeded') console.log(`thumbs/${outcome.result.key}`);
		if (outcome.status === 'failed') console.error(`${outcome.id}: ${outcome.error.message}`);
	}
}
