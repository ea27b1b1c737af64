import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import sharp from 'sharp';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {type Workplace, runCli, workplace} from '../support/cli.ts';
import {readSnippets} from './snippets.ts';

const text = await readFile(new URL('../../docs/commands.md', import.meta.url), 'utf8');

describe('docs/commands.md', () => {
	test('has every flag of every command, and no other', async () => {
		const {stdout} = await runCli(['--help']);
		const commands = [...stdout.matchAll(/^ {2}([a-z]+) /gmu)]
			.map(([, name = '']) => name)
			.filter(name => !['help', 'twolane'].includes(name));
		expect(commands).toContain('run');
		const flags = new Set<string>();
		for (const command of commands) {
			expect(text, command).toMatch(new RegExp(`^## .*\\b${command}\\b`, 'mu'));
			const help = (await runCli([command, '--help'])).stdout;
			for (const [, flag = ''] of help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gmu)) flags.add(flag);
		}
		expect(new Set(text.match(/--[a-z][a-z-]+/gu))).toEqual(flags);
	});

	test('links to headings and files that are there', async () => {
		const headings = [...text.matchAll(/^## (.+)$/gmu)].map(([, heading = '']) => heading.replaceAll(' ', '-'));
		const links = [...text.matchAll(/\]\(([^)]+)\)/gu)].map(([, link = '']) => link);
		for (const link of links) {
			if (link.startsWith('#')) expect(headings).toContain(link.slice(1));
			else await expect(readFile(new URL(`../../docs/${link}`, import.meta.url)), link).resolves.toBeDefined();
		}
	});
});

interface Example {
	readonly line: string;
	readonly words: readonly string[];
	/** Standard input, after `<`. */
	readonly input: string | undefined;
	readonly exitCode: number;
}

/** `twolane WORDS < FILE   # exit N: why` */
function readExample(line: string): Example {
	const [, command = '', input, exitCode = '0'] = /^twolane (.+?)(?: < (\S+))?(?:\s+# exit (\d+).*)?$/u.exec(line) ?? [];
	return {line, words: command.trim().split(' '), input, exitCode: Number(exitCode)};
}

const snippets = await readSnippets('docs/commands.md');
const examples = snippets.flatMap(snippet => snippet.text.trimEnd().split('\n')).map(readExample);

describe('the examples of docs/commands.md, one after the other', () => {
	let place: Workplace;
	const pictures = ['a', 'b', 'c', 'missing'].map(name => `photos/${name}.png`);
	const list = pictures.map(file => `${JSON.stringify({file})}\n`).join('');

	beforeAll(async () => {
		place = await workplace();
		const picture = await sharp({create: {width: 400, height: 300, channels: 3, background: 'teal'}})
			.png()
			.toBuffer();
		for (const file of pictures.slice(0, 3)) await place.write(file, picture);
		await place.write('list.jsonl', list);
		await place.write('broken.jsonl', `${list}nope\n`);
		await place.write(
			'my-flow.ts',
			`import {defineFlow, sourceItem} from 'twolane';
			import {z} from 'zod';
			const options = z.strictObject({unit: z.enum(['byte', 'KiB']).default('byte')});
			export default defineFlow({name: 'sizes', item: sourceItem, options, fetch: async (item, {read}) => (await read(item)).length});`,
		);
		// A run that somebody killed when it had been planned.
		const killed = {when: 'after', call: 'link', of: 'plan\\.json$'} as const;
		await runCli(['run', 'list.jsonl', '--out', 'tonight'], {cwd: place.path, killAt: killed});
	});
	afterAll(() => place[Symbol.asyncDispose]());

	test('are at least one and at most three for each command', () => {
		expect(snippets.map(({kind}) => kind)).toEqual(snippets.map(() => 'sh'));
		for (const snippet of snippets) expect(snippet.text.trimEnd().split('\n').length).toBeLessThanOrEqual(3);
		expect(examples.length).toBeGreaterThan(20);
	});

	test.each(examples)('$line', async ({words, input, exitCode}) => {
		const stdin = input === undefined ? '' : list;
		const end = await runCli(words, {cwd: place.path, stdin, env: {XDG_CACHE_HOME: join(place.path, 'cache')}});
		expect(end, end.stderr).toMatchObject({exitCode});
		expect(end.stderr).not.toMatch(/bug in twolane/u);
	});
});
