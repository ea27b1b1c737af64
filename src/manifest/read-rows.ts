import {decodeText} from './decode-text.ts';
import {detectFormat, type Format, isHeadEnough} from './detect-format.ts';
import {findSourceOfText} from './find-source.ts';
import {gunzipIfPacked} from './gunzip.ts';
import {type ManifestRow, readJsonRow} from './manifest-row.ts';
import {readCsv} from './read-csv.ts';
import {readJsonArray} from './read-json-array.ts';
import {readLines} from './read-lines.ts';
import {takeHead} from './take-head.ts';

/**
 * Reads the bytes of a manifest, in whichever format they are, as rows with their line numbers. Rows come in batches, one for each
 * 64 KiB of text, so that rows need no await of their own. Memory does not depend on the manifest's size.
 * @param options `name`: what messages call the manifest, without a URL's query; its extension helps where the content is ambiguous.
 * @throws ManifestError when the bytes are no text, or damaged so that the rest cannot be read: a cut-off gzip, an open quote in CSV.
 */
export async function* readRows(
	bytes: AsyncIterable<Uint8Array>,
	options: {readonly name: string},
): AsyncGenerator<readonly ManifestRow[]> {
	const {name} = options;
	const texts = decodeText(gunzipIfPacked(bytes, name), name);
	const {head, all} = await takeHead(texts, {empty: '', join: (first, second) => first + second, isEnough: isHeadEnough});
	const format = detectFormat(head, name);
	if (format === undefined) return;
	for await (const rows of readFormat(all, format, name)) if (rows.length > 0) yield rows;
}

function readFormat(texts: AsyncIterable<string>, format: Format, name: string): AsyncGenerator<readonly ManifestRow[]> {
	switch (format.kind) {
		case 'json':
			return readJsonArray(texts);
		case 'jsonl':
			return readLines(texts, readJsonLine);
		case 'csv':
			return readCsv(texts, {name, delimiter: format.delimiter});
		case 'txt':
			return readLines(texts, readTextLine);
		default:
			return format satisfies never;
	}
}

function readJsonLine(text: string, line: number): ManifestRow | undefined {
	const row = readJsonRow(text, line);
	// Only what fails can be blank, so the good lines are not searched for space.
	if (!('problem' in row)) return row;
	return text.trim() === '' ? undefined : {line, problem: `${row.problem} (each line must be one whole item)`};
}

function readTextLine(text: string, line: number): ManifestRow | undefined {
	const source = text.trim();
	if (source === '' || source.startsWith('#')) return undefined;
	return {line, value: findSourceOfText(source), otherwise: source};
}
