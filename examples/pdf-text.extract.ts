import {extractText, getResolvedPDFJS} from 'unpdf';

// A module is evaluated once in each thread, so pdf.js is loaded once per thread and not once per PDF.
await getResolvedPDFJS();

export default async function extract(pdf: Uint8Array) {
	const {text, totalPages} = await extractText(pdf, {mergePages: true});
	return {text, pages: totalPages};
}
