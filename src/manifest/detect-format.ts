/** How a manifest is written. */
export type Format = {readonly kind: 'jsonl' | 'json' | 'txt'} | {readonly kind: 'csv'; readonly delimiter: string};

/** How much of a text is looked at, at most, to find its first line. */
const HEAD_CHARACTERS = 65_536;

/** Whether the head of a text holds its first line that says something, or is too long to wait any longer. */
export const isHeadEnough = (head: string): boolean => head.length >= HEAD_CHARACTERS || /\S[^\n]*\n/u.test(head);

/**
 * Decides by the first line: `[` is a JSON array, `{` is JSONL, a row of column names is a table, anything else is a list of sources.
 * The name counts only where the content leaves it open, and a name that promises JSON is believed, so that a damaged file is refused
 * instead of becoming a list of strange file names.
 * @returns `undefined` when there is nothing but space.
 */
export function detectFormat(head: string, name: string): Format | undefined {
	const line = head.trimStart().split('\n', 1)[0]?.trimEnd() ?? '';
	const extension = findExtension(name);
	if (line === '') return undefined;
	if (line.startsWith('[')) return {kind: 'json'};
	if (line.startsWith('{')) return {kind: 'jsonl'};
	const delimiter = findDelimiter(line);
	if (extension === 'csv' || extension === 'tsv') return {kind: 'csv', delimiter: delimiter ?? (extension === 'tsv' ? '\t' : ',')};
	if (extension === 'jsonl' || extension === 'ndjson' || extension === 'json') return {kind: 'jsonl'};
	if (isHeaderRow(line, delimiter, extension)) return {kind: 'csv', delimiter: delimiter ?? ','};
	return {kind: line.startsWith('"') ? 'jsonl' : 'txt'};
}

const findExtension = (name: string): string | undefined => /\.(\w+)(?:\.gz)?(?:[?#].*)?$/iu.exec(name)?.[1]?.toLowerCase();

/** The delimiter that cuts the line into the most cells; `undefined` when none occurs. */
function findDelimiter(line: string): string | undefined {
	let best: string | undefined;
	let most = 1;
	for (const delimiter of ['\t', ',', ';']) {
		const count = line.split(delimiter).length;
		if (count > most) [best, most] = [delimiter, count];
	}
	return best;
}

const known = new Set(['url', 's3', 'file', 'id', 'key']);

function isHeaderRow(line: string, delimiter: string | undefined, extension: string | undefined): boolean {
	// One bare word in a list named .txt is more likely a file than the header of a table with one column.
	if (delimiter === undefined && extension === 'txt') return false;
	const cells = line.split(delimiter ?? ',').map(cell => cell.trim().replace(/^"(.*)"$/u, '$1'));
	return cells.every(cell => /^[A-Za-z_][\w -]*$/u.test(cell)) && cells.some(cell => known.has(cell));
}
