import {type CsvError, type InfoRecord, parse} from 'csv-parse';
import {ManifestError} from './manifest-error.ts';
import {describeTooLong, MAX_ROW_CHARACTERS, type ManifestRow} from './manifest-row.ts';

/** Reads the rows below a header row; an empty cell is left out of its row, and so is a row of empty cells. One batch a chunk. */
export async function* readCsv(
	texts: AsyncIterable<string>,
	{name, delimiter}: {readonly name: string; readonly delimiter: string},
): AsyncGenerator<readonly ManifestRow[]> {
	const table = createTable(name);
	const parser = createParser(delimiter, table);
	for await (const text of texts) {
		await settle(done => parser.write(text, done));
		yield table.takeRows();
	}
	await settle(done => parser.end(done));
	yield table.takeRows();
}

const settle = (start: (done: (error?: Error | null) => void) => void): Promise<void> =>
	new Promise((resolve, reject) => start(error => (error ? reject(error) : resolve())));

function createParser(delimiter: string, table: Table) {
	const lines = createLineCounter();
	const parser = parse({
		delimiter,
		record_delimiter: ['\r\n', '\n'],
		trim: true,
		relax_column_count: true,
		max_record_size: MAX_ROW_CHARACTERS,
		skip_records_with_error: true,
		// Nothing is pushed: the parser is a sink, so the stream never holds rows back.
		on_record: (cells: readonly string[], {lines: endLine}: InfoRecord & {readonly lines?: number}) => {
			table.addCells(cells, lines.findStart(cells, endLine ?? 0));
			return null;
		},
		on_skip: error => {
			if (error !== undefined) table.addError(error, lines.findDamage(error));
			return undefined;
		},
	});
	return parser.on('error', () => {});
}

/** csv-parse names the line a row ends in, and counts a CR LF inside quotes twice. */
function createLineCounter() {
	let drift = 0;
	let next = 1;

	function findStart(cells: readonly string[], endLine: number): number {
		let inside = 0;
		let returns = 0;
		for (const cell of cells) {
			if (!cell.includes('\n') && !cell.includes('\r')) continue;
			inside += cell.split(/[\r\n]/u).length - 1;
			returns += cell.split('\r').length - 1;
		}
		const start = endLine - inside - drift;
		drift += returns;
		next = endLine - drift + 1;
		return start;
	}

	/** A stray quote is where csv-parse says; an open one has run on, so there the start of its row is meant. */
	function findDamage({code, lines}: CsvError): number {
		if (code !== 'INVALID_OPENING_QUOTE') return next;
		const line = Number(lines) - drift;
		next = line + 1;
		return line;
	}

	return {findStart, findDamage};
}

type Table = ReturnType<typeof createTable>;

/** Collects rows and the first damage that leaves the rest of the file unreadable. */
function createTable(name: string) {
	let columns: readonly string[] | undefined;
	let rows: ManifestRow[] = [];
	let damage: ManifestError | undefined;

	function addCells(cells: readonly string[], line: number): void {
		if (damage !== undefined || cells.every(cell => cell === '')) return;
		if (columns === undefined) {
			const problem = findHeaderProblem(cells);
			if (problem !== undefined) damage = new ManifestError([{manifest: name, line, problem}]);
			columns = cells;
		} else rows.push(readCells(cells, columns, line));
	}

	function addError({code}: CsvError, line: number): void {
		if (damage !== undefined) return;
		// csv-parse finds the next row after this one only; after the others it still believes to be inside quotes.
		if (code === 'INVALID_OPENING_QUOTE') rows.push({line, problem: 'a quote inside a cell; quote the whole cell and double the quote'});
		else damage = new ManifestError([{manifest: name, line, problem: `${describeDamage(code)}; the rest of the file cannot be read`}]);
	}

	function takeRows(): readonly ManifestRow[] {
		const taken = rows;
		rows = [];
		if (taken.length === 0 && damage !== undefined) throw damage;
		return taken;
	}

	return {addCells, addError, takeRows};
}

function readCells(cells: readonly string[], columns: readonly string[], line: number): ManifestRow {
	if (cells.length !== columns.length)
		return {line, problem: `expected ${columns.length} cells, as in the header row, got ${cells.length}`};
	return {line, value: Object.fromEntries(columns.map((column, at) => [column, cells[at]]).filter(([, cell]) => cell !== ''))};
}

function findHeaderProblem(columns: readonly string[]): string | undefined {
	const unnamed = columns.indexOf('');
	if (unnamed >= 0) return `column ${unnamed + 1} has no name in the header row`;
	const second = columns.find((column, at) => columns.indexOf(column) < at);
	if (second !== undefined) return `the header row names the column "${second}" twice`;
	if (columns.some(column => column.includes('://'))) return 'the first row must name the columns, such as id,url; got a source';
	return undefined;
}

function describeDamage(code: CsvError['code']): string {
	if (code === 'CSV_QUOTE_NOT_CLOSED') return 'a quoted cell does not end';
	if (code === 'CSV_INVALID_CLOSING_QUOTE') return 'text after the closing quote of a cell';
	return code === 'CSV_MAX_RECORD_SIZE' ? `${describeTooLong('row')} (is a quote missing?)` : `not CSV (${code})`;
}
