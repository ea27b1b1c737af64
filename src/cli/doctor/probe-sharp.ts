/** A program of its own, because a codec that does not fit the machine may take its process away. Prints one `Probe`. */
export interface Probe {
	readonly sharp: string;
	readonly libvips: string;
	/** Formats that were made, and then read as a run reads them. */
	readonly reads: readonly string[];
	readonly failures: readonly {readonly format: string; readonly problem: string}[];
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';

async function probe(): Promise<Probe> {
	const {sharp} = await import('../../flows/thumbnail/codec.ts');
	const {default: makeThumbnails} = await import('../../flows/thumbnail/transform.ts');
	const {thumbnailOptions} = await import('../../flows/thumbnail/options.ts');
	const options = thumbnailOptions.parse({sizes: [{width: 8}]});
	const reads: string[] = [];
	const failures: {format: string; problem: string}[] = [];
	for (const format of ['jpeg', 'png', 'webp', 'gif', 'avif'] as const) {
		try {
			const picture = sharp({create: {width: 16, height: 16, channels: 3, background: 'gray'}});
			await makeThumbnails(await picture.toFormat(format).toBuffer(), {options});
			reads.push(format);
		} catch (error) {
			failures.push({format, problem: messageOf(error)});
		}
	}
	return {sharp: sharp.versions.sharp, libvips: sharp.versions.vips, reads, failures};
}

try {
	process.stdout.write(JSON.stringify(await probe()));
} catch (error) {
	process.stdout.write(JSON.stringify({problem: messageOf(error)}));
}
