import {cpu, defineFlow, fanOut, sourceItem} from 'twolane';
import {z} from 'zod';

export const thumbnails = defineFlow({
	name: 'thumbnails',
	item: sourceItem,
	options: z.object({widthPx: z.int().default(256)}),
	fetch: (item, {read}) => read(item),
	transform: cpu<typeof import('./resize.ts')>(new URL('resize.ts', import.meta.url)),
	store: (made, {put}) => put('small.jpg', made.small, {contentType: 'image/jpeg'}),
});

const urls = ['https://a/1.jpg'];
for await (const outcome of fanOut(
	thumbnails,
	urls.map(url => ({url})),
	{out: 'thumbs'},
)) {
	if (outcome.status === 'succeeded') console.log(outcome.id, outcome.result.key);
	if (outcome.status === 'failed') console.error(outcome.id, outcome.error.message);
}
