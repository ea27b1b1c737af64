// The text of every PDF in a folder, one text.txt for each, below ./text.
//
//   node examples/pdf-text.ts ./papers
import {glob} from 'node:fs/promises';
import {cpu, defineFlow, fanOut, sourceItem} from 'twolane';

export const pdfText = defineFlow({
	name: 'pdf-text',
	item: sourceItem,
	fetch: (item, {read}) => read(item),
	transform: cpu<typeof import('./pdf-text.extract.ts')>(new URL('pdf-text.extract.ts', import.meta.url)),
	async store({text, pages}, {put}) {
		await put('text.txt', text, {contentType: 'text/plain; charset=utf-8'});
		return {pages};
	},
});

async function* listPdfs(folder: string) {
	for await (const file of glob(`${folder}/**/*.pdf`)) yield {file};
}

if (import.meta.main) {
	for await (const outcome of fanOut(pdfText, listPdfs(process.argv[2] ?? '.'), {out: 'text'})) {
		if (outcome.status === 'succeeded') console.log(`${outcome.id}: ${outcome.result.pages} pages -> text/${outcome.outputs[0]?.key}`);
		if (outcome.status === 'failed') console.error(`${outcome.id}: ${outcome.error.message}`);
	}
}
