import {describeTooLong, MAX_ROW_CHARACTERS, type ManifestRow, readJsonRow} from './manifest-row.ts';

/** Cuts a JSON array into its elements without holding it, and reads each; one batch a chunk. */
export async function* readJsonArray(texts: AsyncIterable<string>): AsyncGenerator<readonly ManifestRow[]> {
	const scanner = createScanner();
	for await (const text of texts) {
		const rows = scanner.scan(text);
		if (rows.length > 0) yield rows;
	}
	const last = scanner.end();
	if (last !== undefined) yield [last];
}

const [NEWLINE, QUOTE, COMMA, OPEN_BRACKET, BACKSLASH, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [10, 34, 44, 91, 92, 93, 123, 125];
const isSpace = (code: number): boolean => code === 32 || code === NEWLINE || code === 13 || code === 9;

/**
 * Follows brackets and strings, nothing else: what is between two commas of the array is left to `JSON.parse`, so a damaged
 * element is one problem and the next one is read again.
 */
function createScanner() {
	let depth = 0;
	let isInString = false;
	let isEscaped = false;
	let isClosed = false;
	let hasTextAfter = false;
	let line = 1;
	/** Where the open element begins; 0 before its first character. */
	let elementLine = 0;
	let elementCount = 0;
	let carry = '';
	let isTooLong = false;
	let rows: ManifestRow[] = [];

	function closeElement(end: string): void {
		const text = carry + end;
		if (isTooLong || text.length > MAX_ROW_CHARACTERS) rows.push({line: elementLine, problem: describeTooLong('element')});
		else if (elementLine > 0) rows.push(readJsonRow(text.trimStart(), elementLine));
		else if (!isClosed || elementCount > 0) rows.push({line, problem: 'not JSON: an element is missing at a comma'});
		elementCount += 1;
		elementLine = 0;
		carry = '';
		isTooLong = false;
	}

	/** One character inside a string. */
	function passInString(code: number): void {
		if (isEscaped) isEscaped = false;
		else if (code === BACKSLASH) isEscaped = true;
		else if (code === QUOTE) isInString = false;
	}

	/** One character outside strings; `true` when it ends an element of the array. */
	function passStructure(code: number): boolean {
		if (code === COMMA) return depth === 1;
		if (code === CLOSE_BRACKET || code === CLOSE_BRACE) {
			depth -= 1;
			isClosed = depth === 0;
			return isClosed;
		}
		if (code === OPEN_BRACKET || code === OPEN_BRACE) depth += 1;
		else if (code === QUOTE) isInString = true;
		if (elementLine === 0) elementLine = line;
		return false;
	}

	function passAfterEnd(): void {
		if (!hasTextAfter)
			rows.push({line, problem: 'not JSON: text after the end of the array (JSONL has one item a line, without brackets around them)'});
		hasTextAfter = true;
	}

	function scan(text: string): readonly ManifestRow[] {
		rows = [];
		let start = 0;
		for (let at = 0; at < text.length; at++) {
			const code = text.charCodeAt(at);
			if (code === NEWLINE) line += 1;
			if (isInString) passInString(code);
			else if (isSpace(code)) continue;
			else if (isClosed) passAfterEnd();
			else if (depth === 0) {
				depth = 1;
				start = at + 1;
			} else if (passStructure(code)) {
				closeElement(text.slice(start, at));
				start = at + 1;
			}
		}
		keep(depth === 0 ? '' : text.slice(start));
		return rows;
	}

	function keep(rest: string): void {
		carry += rest;
		isTooLong ||= carry.length > MAX_ROW_CHARACTERS;
		if (isTooLong) carry = '';
	}

	function end(): ManifestRow | undefined {
		if (isClosed) return undefined;
		return {line: elementLine > 0 ? elementLine : line, problem: 'not JSON: the array does not end; the file may be cut off here'};
	}

	return {scan, end};
}
