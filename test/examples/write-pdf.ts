/** A small PDF, written by hand after ISO 32000-1, 7.5: a page for each text, in Helvetica, which every reader brings along. */
export function writePdf(pages: readonly string[]): Uint8Array {
	const FIRST_PAGE = 4;
	const pageOf = (index: number): number => FIRST_PAGE + 2 * index;
	const objects = [
		'<< /Type /Catalog /Pages 2 0 R >>',
		`<< /Type /Pages /Kids [${pages.map((_, index) => `${pageOf(index)} 0 R`).join(' ')}] /Count ${pages.length} >>`,
		'<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>',
		...pages.flatMap((text, index) => {
			const content = `BT /F1 24 Tf 72 720 Td (${text.replace(/[\\()]/gu, String.raw`\$&`)}) Tj ET`;
			return [
				`<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> /Contents ${pageOf(index) + 1} 0 R >>`,
				`<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
			];
		}),
	];
	let pdf = '%PDF-1.4\n';
	const offsets = objects.map((object, index) => {
		const offset = pdf.length;
		pdf += `${index + 1} 0 obj\n${object}\nendobj\n`;
		return offset;
	});
	const table = offsets.map(offset => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
	const size = objects.length + 1;
	pdf += `xref\n0 ${size}\n0000000000 65535 f \n${table}trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${pdf.length}\n%%EOF\n`;
	// One byte a character: offsets are counted in characters above.
	return Buffer.from(pdf, 'latin1');
}
