import {readFile} from 'node:fs/promises';
import {describe, expect, test} from 'vitest';
import {TwolaneError, codes} from '../../src/lanes/errors.ts';

const page = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8');

/** How the page says each way of trying again. */
const retried = {transient: 'yes', once: 'once', alone: 'once, alone', permanent: 'no'} as const;

interface Row {
	readonly code: string;
	readonly stage: string;
	readonly retried: string;
	readonly meaning: string;
	readonly advice: string;
}

const rows: readonly Row[] = page.split('\n').flatMap(line => {
	const [, code, stage, retried, meaning, advice] = line.split('|').map(cell => cell.trim());
	if (!code?.startsWith('`') || stage === undefined || retried === undefined || meaning === undefined || advice === undefined) return [];
	return [{code: code.replaceAll('`', ''), stage, retried, meaning, advice}];
});

describe('docs/errors.md', () => {
	test('has a row for each code, in the order of the table in code, and no other', () => {
		expect(rows.map(({code}) => code)).toEqual(Object.keys(codes));
	});

	test.each(Object.entries(codes))('says of %s what the code says', (code, {stage, retry, sentence, advice}) => {
		expect(rows.find(row => row.code === code)).toEqual({code, stage, retried: retried[retry], meaning: sentence, advice});
	});

	test('names exactly the HTTP statuses that are tried again', () => {
		const [, list = ''] = /`HTTP_STATUS` is tried again for ([\d, and]+)/u.exec(page) ?? [];
		const named = [...list.matchAll(/\d+/gu)].map(Number);
		const statuses = Array.from({length: 200}, (_, index) => 400 + index);

		expect(named).toEqual(statuses.filter(status => new TwolaneError('HTTP_STATUS', 'no', {status}).retryable));
	});
});
