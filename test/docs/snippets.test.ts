import {readFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {describe, expect, test} from 'vitest';
import type {Bound} from '../../src/lanes/verdict.ts';
import {execute, scratchProject} from './scratch-project.ts';
import {ofKind, readSnippets} from './snippets.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

describe.each(['docs/concepts.md', 'docs/errors.md'])('the code in %s', page => {
	test('compiles as it stands', async () => {
		await using project = await scratchProject();
		const snippets = ofKind(await readSnippets(page), 'ts');
		for (const [index, {name, text}] of snippets.entries()) await project.write(name ?? `snippet-${index}.ts`, text);

		expect(snippets.length).toBeGreaterThan(0);
		expect(await project.typeCheck()).toEqual([]);
	});
});

describe('docs/concepts.md', () => {
	test('explains every bound of the verdict', async () => {
		const bounds = {
			'io-bound': true,
			'cpu-bound': true,
			'origin-throttled': true,
			'store-bound': true,
			'network-bound': true,
			'memory-bound': true,
			balanced: true,
		} satisfies Record<Bound, true>;
		const text = await readFile(new URL('../../docs/concepts.md', import.meta.url), 'utf8');
		const explained = [...text.matchAll(/^\| `([a-z-]+)` \|/gmu)].map(([, bound]) => bound);

		expect(new Set(explained)).toEqual(new Set(Object.keys(bounds)));
	});

	test('names a measurement that runs', async () => {
		expect(await execute(`${root}node_modules/.bin/tsc`, ['-p', 'docs/examples'], root)).toMatchObject({exitCode: 0, stdout: ''});
	});
});

describe.each(['docs/concepts.md', 'docs/errors.md', 'docs/add-a-flow.md', 'examples/README.md'])('the links in %s', page => {
	test('lead to files that are there', async () => {
		const from = new URL(`../../${page}`, import.meta.url);
		const text = await readFile(from, 'utf8');
		for (const [, place = ''] of text.matchAll(/\]\(((?!https?:)[^)#]+)/gu)) {
			await expect(readFile(new URL(place, from)), `${page} -> ${place}`).resolves.toBeDefined();
		}
	});
});
