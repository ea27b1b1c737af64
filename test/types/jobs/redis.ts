import {defineFlow, fanOut, skip} from 'twolane';
import {z} from 'zod';

export const redis = defineFlow({
	name: 'redis',
	item: z.object({key: z.string(), value: z.string()}),
	id: item => item.key,
	fetch: async item => item,
	store: async ({key, value}) => (value === '' ? skip('empty') : {key, length: value.length}),
});

for await (const outcome of fanOut(redis, [{key: 'a', value: 'b'}])) {
	if (outcome.status === 'succeeded') outcome.result.length.toFixed();
}
