import {readFile, readdir, stat} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {expect, test} from 'vitest';

const root = new URL('../../', import.meta.url);
const below = async (folder: string): Promise<string[]> =>
	(await readdir(new URL(folder, root))).filter(name => name.endsWith('.md')).map(name => folder + name);
const pages = [...(await below('./')), ...(await below('docs/')), ...(await below('docs/decisions/')), 'localstack/README.md'];

/** What a heading is called in an address, as GitHub does it. */
const anchorOf = (heading: string): string =>
	heading
		.toLowerCase()
		.replace(/[^\p{L}\p{N}_ -]/gu, '')
		.replaceAll(' ', '-');

const anchorsOf = (text: string): readonly string[] => [...text.matchAll(/^#+ (.+)$/gmu)].map(([, heading = '']) => anchorOf(heading));

test.each(pages)('the links in %s lead to files and headings that are there', async page => {
	const from = new URL(page, root);
	const text = await readFile(from, 'utf8');
	for (const [, link = ''] of text.matchAll(/\]\(((?!https?:)[^)]+)\)/gu)) {
		const to = new URL(link, from);
		const anchor = decodeURIComponent(to.hash.slice(1));
		to.hash = '';
		await expect(stat(fileURLToPath(to)), `${page} -> ${link}`).resolves.toBeDefined();
		if (anchor !== '') expect(anchorsOf(await readFile(to, 'utf8')), `${page} -> ${link}`).toContain(anchor);
	}
});

test('the pages of a newcomer are among them', () => {
	expect(pages).toEqual(expect.arrayContaining(['./README.md', './CONTRIBUTING.md', 'docs/deploy.md', 'docs/sizing.md']));
});
