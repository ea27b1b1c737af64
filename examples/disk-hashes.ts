// The sha256 of every file below a folder, in the format of `sha256sum`.
//
//   node examples/disk-hashes.ts ~/Pictures > SHA256SUMS
import {opendir} from 'node:fs/promises';
import {join} from 'node:path';
import {cpu, defineFlow, fanOut} from 'twolane';
import {z} from 'zod';

/** No `fetch`: the thread streams the file itself, so a file of any size takes 64 KiB of memory. */
export const hashes = defineFlow({
	name: 'disk-hashes',
	item: z.object({file: z.string()}),
	transform: cpu<typeof import('./disk-hashes.sha256.ts')>(new URL('disk-hashes.sha256.ts', import.meta.url), {timeoutMs: 600_000}),
});

export async function* listFiles(folder: string) {
	for await (const entry of await opendir(folder, {recursive: true})) {
		if (entry.isFile()) yield {file: join(entry.parentPath, entry.name)};
	}
}

if (import.meta.main) {
	const run = fanOut(hashes, listFiles(process.argv[2] ?? '.'));
	for await (const outcome of run) {
		if (outcome.status === 'succeeded') console.log(`${outcome.result.sha256}  ${outcome.item.file}`);
		if (outcome.status === 'failed') console.error(`${outcome.id}: ${outcome.error.message}`);
	}
	console.error(run.snapshot().verdict);
}
