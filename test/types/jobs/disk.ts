import {cpu, defineFlow, run} from 'twolane';
import {z} from 'zod';

export const hashes = defineFlow({
	name: 'sha256',
	item: z.object({file: z.string()}),
	transform: cpu<typeof import('./hash.ts')>(new URL('hash.ts', import.meta.url)),
});

const {itemCounts, verdict} = await run(hashes, '/data', {out: 'hashes'}).report();
console.log(itemCounts, verdict.advice[0]);
for await (const outcome of run(hashes, '/data', {out: 'hashes'})) {
	if (outcome.status === 'succeeded') console.log(outcome.result.sha256.length);
}
