// The sha256 of every file below a folder, in the format of `sha256sum`. The same call again goes on where it was stopped, and prints what is done
// without doing it again; the run is kept in `hashes`.
//
//   node examples/disk-hashes.ts ~/Pictures > SHA256SUMS
import {join} from 'node:path';
import {cpu, defineFlow, run} from 'twolane';
import {z} from 'zod';

/** No `fetch`: the thread streams the file itself, so a file of any size takes 64 KiB of memory. */
export const hashes = defineFlow({
	name: 'disk-hashes',
	item: z.object({file: z.string()}),
	transform: cpu<typeof import('./disk-hashes.sha256.ts')>(new URL('disk-hashes.sha256.ts', import.meta.url), {timeoutMs: 600_000}),
});

if (import.meta.main) {
	const folder = process.argv[2] ?? '.';
	const hashing = run(hashes, folder, {out: 'hashes'});
	for await (const outcome of hashing) {
		if (outcome.status === 'succeeded') console.log(`${outcome.result.sha256}  ${join(folder, outcome.id)}`);
		if (outcome.status === 'failed') console.error(`${outcome.id}: ${outcome.error.message}`);
	}
	console.error((await hashing.report()).verdict);
}
