import {describe, expect, it} from 'vitest';
import {readAll, readValues} from './manifest-bytes.ts';

describe('a table', () => {
	it('keeps line numbers right after cells of several lines, with either line end', async () => {
		for (const end of ['\n', '\r\n']) {
			const content = ['id,url', 'a,"1', '', '2"', '', '"b","x,""y"""', 'c', 'd,e'].join(end);
			expect(await readAll(content, 'l.csv')).toEqual([
				{line: 2, value: {id: 'a', url: `1${end}${end}2`}},
				{line: 6, value: {id: 'b', url: 'x,"y"'}},
				{line: 7, problem: 'expected 2 cells, as in the header row, got 1'},
				{line: 8, value: {id: 'd', url: 'e'}},
			]);
		}
	});
	it('leaves out empty cells and rows of empty cells', async () => {
		expect(await readAll('id,url,note\na,"",\n,,\nb,x,y\n', 'l.csv')).toEqual([
			{line: 2, value: {id: 'a'}},
			{line: 4, value: {id: 'b', url: 'x', note: 'y'}},
		]);
	});
	it('makes too many cells a problem', async () => {
		expect(await readAll('id,url\na,b,c\n', 'l.csv')).toEqual([{line: 2, problem: 'expected 2 cells, as in the header row, got 3'}]);
	});
	it('drops space around cells, not inside quotes', async () => {
		expect(await readValues('id , url\n a , "  b " \n', 'l.csv')).toEqual([{id: 'a', url: '  b '}]);
	});
	it('may be cut by semicolons', async () => expect(await readValues('id;url\na;b,c\n', 'l.csv')).toEqual([{id: 'a', url: 'b,c'}]));
	it('goes on after a stray quote inside a cell', async () => {
		expect(await readAll('id,url\na,3" disk\nb,c\n', 'l.csv')).toEqual([
			{line: 2, problem: 'a quote inside a cell; quote the whole cell and double the quote'},
			{line: 3, value: {id: 'b', url: 'c'}},
		]);
	});
	it('is refused where a quoted cell does not end, after the rows before it', async () => {
		await expect(readAll('id,url\na,3" disk\nc,"d\ne,f\n', 'l.csv')).rejects.toThrow(
			/^l\.csv:3: a quoted cell does not end; the rest of the file cannot be read$/u,
		);
	});
	it('is refused where text follows a closing quote', async () => {
		await expect(readAll('id,url\na,"b"x\nc,d\n', 'l.csv')).rejects.toThrow('l.csv:2: text after the closing quote of a cell');
	});
	it('is refused where a row is longer than 1,048,576 characters', async () => {
		await expect(readAll(`id,url\na,"${'x\n'.repeat(600_000)}"\n`, 'l.csv')).rejects.toThrow(
			/^l\.csv:2: the row is longer than 1,048,576/u,
		);
	});
	it.each([
		['id,,url', 'column 2 has no name'],
		['id,url,id', 'names the column "id" twice'],
		['https://example.com/a,b', 'the first row must name the columns'],
	])('is refused for the header row %s', async (header, problem) => {
		await expect(readAll(`${header}\na,b,c\n`, 'l.csv')).rejects.toThrow(problem);
	});
	it('takes any column name, even __proto__', async () => {
		const [row] = await readValues('id,__proto__\na,b\n', 'l.csv');
		expect(Object.entries(row as object)).toEqual([
			['id', 'a'],
			['__proto__', 'b'],
		]);
	});
});
