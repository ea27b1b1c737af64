import {cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, test} from 'vitest';
import {type ProgramEnd, execute, scratchProject} from './scratch-project.ts';
import {ofKind, readSnippets} from './snippets.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const snippets = await readSnippets('docs/add-a-flow.md');
const isOfOurHouse = (name: string | undefined): boolean => name !== undefined && /^(?:src|test)\//u.test(name);
const own = ofKind(snippets, 'ts').filter(({name}) => !isOfOurHouse(name));
const house = ofKind(snippets, 'ts').filter(({name}) => isOfOurHouse(name));
const [prepareAndRun = '', runAsJson = '', runByName = ''] = ofKind(snippets, 'sh').map(({text}) => text);
const [fragment = ''] = ofKind(snippets, 'ts fragment').map(({text}) => text);
const promised = ofKind(snippets, 'json').flatMap(({text}) => readRows(text));

/** The page's shell lines as they stand, but for `npx twolane`, which is the checkout's own. */
function runShell(lines: string, {cwd, checkout}: {readonly cwd: string; readonly checkout: string}): Promise<ProgramEnd> {
	const npx = `npx() { shift; "${process.execPath}" "${checkout}/bin/twolane.js" "$@"; }`;
	return execute('sh', ['-euc', `${npx}\n${lines}`], cwd);
}

function readRows(text: string): readonly Record<string, unknown>[] {
	return text
		.trim()
		.split('\n')
		.map(line => JSON.parse(line) as Record<string, unknown>);
}

const byOrdinal = (a: Record<string, unknown>, b: Record<string, unknown>): number => Number(a.n) - Number(b.n);

describe('docs/add-a-flow.md', {timeout: 120_000}, () => {
	test('shows a flow of one’s own that compiles, runs, and ends in the rows it promises', async () => {
		await using project = await scratchProject();
		for (const {name = '', text} of own) await project.write(name, text);
		expect(await project.typeCheck()).toEqual([]);

		const here = {cwd: project.path, checkout: root};
		expect(await runShell(prepareAndRun, here)).toMatchObject({exitCode: 0});
		expect(await readOutputs(join(project.path, 'out'))).toEqual(['[["the",3],["and",2]]', '[["three",3],["two",2]]']);

		expect(await runShell(runAsJson, here)).toMatchObject({exitCode: 0});
		const rows = readRows(await readFile(join(project.path, 'rows.jsonl'), 'utf8'));
		const outcomes = rows.filter(({type}) => type === 'outcome').sort(byOrdinal);
		expect(promised).toHaveLength(3);
		expect(outcomes.map(({timings: _, outputs: __, ...row}) => row)).toEqual(promised);
		expect(rows.at(-1)).toMatchObject({type: 'report', itemCounts: {succeeded: 2, skipped: 1}});
	});

	test('says what a wrong option leads to', async () => {
		await using project = await scratchProject();
		for (const {name = '', text} of own) await project.write(name, text);
		await project.write('texts/a.txt', 'a');
		const {exitCode, stderr} = await project.twolane('run', 'texts', '--flow', './words.ts', '--set', 'top=none', '--out', 'out');

		expect({exitCode, stderr}).toEqual({exitCode: 2, stderr: expect.stringMatching(/options of flow 'words': .*top: /u)});
	});

	test('shows the same flow as one of the house: it compiles, passes its test and has a name', async () => {
		await using checkout = await copyCheckout();
		for (const {name = '', text} of house) await checkout.write(name, text);
		const wire = await readFile(join(checkout.path, 'src/wire.ts'), 'utf8');
		const wired = wire.replace(/(export const flows\b.*= \{\n)/u, (head: string) => head + fragment);
		expect(wired).not.toBe(wire);
		await checkout.write('src/wire.ts', wired);

		const bin = join(root, 'node_modules/.bin');
		const {stdout} = await execute(join(bin, 'tsc'), ['--pretty', 'false'], checkout.path);
		// Errors of other files have a check of their own.
		expect(stdout.split('\n').filter(line => /^error|^test\/|^src\/(?:wire|flows\/words)/u.test(line))).toEqual([]);
		expect(await execute(join(bin, 'vitest'), ['run', 'test/flows/words'], checkout.path)).toMatchObject({exitCode: 0});
		await checkout.write('texts/animals.txt', 'the cat and the dog and the bird');
		await checkout.write('texts/left-out.md', 'not a text file');
		expect(await runShell(runByName, {cwd: checkout.path, checkout: checkout.path})).toMatchObject({exitCode: 0});
		expect(await readOutputs(join(checkout.path, 'out'))).toEqual(['[["the",3],["and",2]]']);
	});
});

async function readOutputs(out: string): Promise<readonly string[]> {
	const entries = await readdir(out, {recursive: true, withFileTypes: true});
	const files = entries.filter(({name}) => name === 'words.json').map(({parentPath, name}) => join(parentPath, name));
	return (await Promise.all(files.map(file => readFile(file, 'utf8')))).sort();
}

/** What the tutorial changes, to be changed without touching the checkout. */
async function copyCheckout(): Promise<AsyncDisposable & {readonly path: string; write(name: string, text: string): Promise<void>}> {
	const path = await mkdtemp(join(tmpdir(), 'twolane-checkout-'));
	for (const name of ['src', 'bin', 'package.json', 'vitest.config.ts']) await cp(join(root, name), join(path, name), {recursive: true});
	await symlink(join(root, 'node_modules'), join(path, 'node_modules'));
	const write = async (name: string, text: string): Promise<void> => {
		await mkdir(dirname(join(path, name)), {recursive: true});
		await writeFile(join(path, name), text);
	};
	const files = ['src/wire.ts', 'src/flows/words/*.ts', 'test/flows/words/*.ts'];
	await write(
		'tsconfig.json',
		JSON.stringify({
			extends: join(root, 'tsconfig.json'),
			include: files,
			compilerOptions: {typeRoots: [join(root, 'node_modules/@types')]},
		}),
	);
	return {path, write, [Symbol.asyncDispose]: () => rm(path, {recursive: true, force: true})};
}
