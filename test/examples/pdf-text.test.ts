import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import {fanOut} from 'twolane';
import extract from '../../examples/pdf-text.extract.ts';
import {pdfText} from '../../examples/pdf-text.ts';
import {runExample, temporaryFolder} from './run-example.ts';
import {writePdf} from './write-pdf.ts';

describe('the PDF text example', () => {
	test('stores the text of each PDF and counts its pages', async () => {
		await using folder = await temporaryFolder();
		await using out = await temporaryFolder();
		const papers = {'one.pdf': ['Hello (world)'], 'three.pdf': ['First page', 'Second page', 'Third page']};
		for (const [name, pages] of Object.entries(papers)) await writeFile(join(folder.path, name), writePdf(pages));
		await writeFile(join(folder.path, 'not.pdf'), 'plain text');
		const items = ['one.pdf', 'three.pdf', 'not.pdf'].map(name => ({file: join(folder.path, name)}));

		const texts: Record<string, string> = {};
		const pages: Record<string, number> = {};
		for await (const outcome of fanOut(pdfText, items, {out: out.path})) {
			const name = outcome.id.slice(folder.path.length + 1);
			if (outcome.status === 'failed') texts[name] = outcome.error.code;
			if (outcome.status !== 'succeeded') continue;
			pages[name] = outcome.result.pages;
			texts[name] = await readFile(join(out.path, outcome.outputs[0]?.key ?? ''), 'utf8');
		}

		expect(pages).toEqual({'one.pdf': 1, 'three.pdf': 3});
		expect(texts).toEqual({'one.pdf': 'Hello (world)', 'three.pdf': 'First page\nSecond page\nThird page', 'not.pdf': 'TRANSFORM_FAILED'});
	});

	test('walks a folder and says where each text is', async () => {
		await using folder = await temporaryFolder();
		await writeFile(join(folder.path, 'paper.pdf'), writePdf(['On the shape of things']));
		const {stdout, stderr, exitCode} = await runExample('pdf-text', ['.'], {cwd: folder.path});

		expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0});
		const [, place = ''] = /^paper\.pdf: 1 pages -> (\S+)$/mu.exec(stdout) ?? [];
		expect(await readFile(join(folder.path, place), 'utf8')).toBe('On the shape of things');
	});

	test('says what is wrong with bytes that are no PDF', async () => {
		await expect(extract(new TextEncoder().encode('plain text'))).rejects.toThrow('Invalid PDF');
	});
});
