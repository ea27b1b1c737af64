import {cpu, defineFlow} from '../../lanes/flow.ts';
import {sourceItem} from '../../lanes/source.ts';
import {files} from './formats.ts';
import {thumbnailOptions} from './options.ts';

/**
 * Fetches an image, makes its thumbnails on a thread, stores each as `{name}.{ext}`.
 * The result describes the original and the variants; the stored files, with bytes and sha256, are in the outcome's `outputs`.
 */
export const thumbnail = defineFlow({
	name: 'thumbnail',
	item: sourceItem,
	options: thumbnailOptions,
	fetch: (item, {read}) => read(item),
	transform: cpu<typeof import('./transform.ts')>(new URL('./transform.ts', import.meta.url)),
	store: async ({original, thumbhash, variants}, {put}) => {
		for (const {name, format, bytes} of variants) {
			const {extension, contentType} = files[format];
			await put(`${name}.${extension}`, bytes, {contentType});
		}
		return {original, thumbhash, variants: variants.map(({name, width, height, format}) => ({name, width, height, format}))};
	},
});
