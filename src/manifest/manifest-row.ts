import {findSourceOfText} from './find-source.ts';

/** One row of a manifest, before any schema has seen it. */
export type ManifestRow = {
	/** The line the row starts in, from 1. */
	readonly line: number;
} & (
	| {
			readonly value: unknown;
			/** What to try when the flow's schema refuses `value`: a plain text is both a source and a string. */
			readonly otherwise?: unknown;
	  }
	| {readonly problem: string}
);

/** A longer line, cell or array element is a problem, so that a file without line ends cannot fill the memory. */
export const MAX_ROW_CHARACTERS = 1_048_576;

export const describeTooLong = (what: string): string => `the ${what} is longer than ${MAX_ROW_CHARACTERS.toLocaleString('en')} characters`;

/** Reads the text of one JSON value as a row. */
export function readJsonRow(text: string, line: number): ManifestRow {
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === 'string' ? {line, value, otherwise: findSourceOfText(value)} : {line, value};
	} catch (error) {
		return {line, problem: `not JSON: ${describeSyntaxError(error as SyntaxError)}`};
	}
}

// V8 quotes the text around the error, which may hold a signed URL or a token: keep what it says, drop what it quotes.
function describeSyntaxError({message}: SyntaxError): string {
	const [sentence = message] = message.split(/,? (?:\.\.\.)?"/u, 1);
	return sentence.replace(/ \(line \d+ column \d+\)$/u, '');
}
