import {describeTooLong, MAX_ROW_CHARACTERS, type ManifestRow} from './manifest-row.ts';

/** What a line means; `undefined` for one that is left out. A carriage return at its end is still there. */
export type ReadLine = (text: string, line: number) => ManifestRow | undefined;

/** Cuts text into lines and reads each, one batch a chunk, so that lines need no await of their own. */
export async function* readLines(texts: AsyncIterable<string>, readLine: ReadLine): AsyncGenerator<readonly ManifestRow[]> {
	let line = 0;
	let carry = '';
	let isTooLong = false;
	const close = (end: string): ManifestRow | undefined => {
		const text = carry === '' ? end : carry + end;
		const problem = isTooLong || text.length > MAX_ROW_CHARACTERS ? describeTooLong('line') : undefined;
		carry = '';
		isTooLong = false;
		line += 1;
		return problem === undefined ? readLine(text, line) : {line, problem};
	};

	for await (const text of texts) {
		const rows: ManifestRow[] = [];
		let start = 0;
		for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
			const row = close(text.slice(start, end));
			if (row !== undefined) rows.push(row);
			start = end + 1;
		}
		carry += text.slice(start);
		isTooLong ||= carry.length > MAX_ROW_CHARACTERS;
		if (isTooLong) carry = '';
		if (rows.length > 0) yield rows;
	}
	const last = close('');
	if (last !== undefined) yield [last];
}
