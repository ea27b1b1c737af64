import {execFile} from 'node:child_process';
import {hash} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {promisify} from 'node:util';
import {describe, expect, test} from 'vitest';
import {parse} from 'yaml';
import {readRunOptions} from '../../src/events/run-options.ts';
import {thumbnailOptions} from '../../src/flows/thumbnail/options.ts';
import {recordKey} from '../../src/objects/record.ts';
import {layout} from '../../src/runs/layout.ts';
import {ofKind, readSnippets} from './snippets.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string): Promise<string> => readFile(new URL(path, root), 'utf8');
const page = await read('docs/deploy.md');
const service = await read('serverless.yml');
const parts = await Promise.all(['roles', 'state-machine', 'storage'].map(name => read(`deploy/${name}.yml`)));
const snippets = await readSnippets('docs/deploy.md');

/** Cells of the table below a heading. */
function tableOf(heading: string): readonly (readonly string[])[] {
	const section = page.split(/^## /mu).find(text => text.startsWith(heading)) ?? '';
	const lines = section.split('\n').filter(line => line.startsWith('|'));
	return lines.slice(2).map(line =>
		line
			.split('|')
			.slice(1, -1)
			.map(cell => cell.trim()),
	);
}
const quoted = (text: string): readonly string[] => [...text.matchAll(/`([^`]+)`/gu)].map(([, word = '']) => word);

describe('the parameters of docs/deploy.md', () => {
	const rows = new Map(tableOf('Parameters').map(([name = '', value = '']) => [quoted(name)[0], value]));

	test('are those of serverless.yml', () => {
		const used = [service, ...parts].flatMap(text => [...text.matchAll(/\$\{param:(\w+)/gu)].map(([, name]) => name));
		expect(new Set(rows.keys())).toEqual(new Set([...used, 'outPrefix', 'sourceBuckets']));
	});

	test('have its defaults', () => {
		const {params} = parse(service, {logLevel: 'silent'}) as {
			readonly params: {readonly default: Readonly<Record<string, string | number>>};
		};
		for (const [name, value] of Object.entries(params.default)) {
			if (name === 'bucket') continue;
			const told = rows.get(name) ?? '';
			expect(quoted(told)[0] ?? told.replace('none', ''), name).toBe(String(value));
		}
	});
});

test('the resources of docs/deploy.md are all that the stack is made of', () => {
	const defined = parts.flatMap(text => Object.keys((parse(text, {logLevel: 'silent'}) as {readonly Resources: object}).Resources));
	const functions = Object.keys((parse(service, {logLevel: 'silent'}) as {readonly functions: object}).functions);
	const named = tableOf('What is in the stack').flatMap(([name = '']) => quoted(name));
	expect(named.toSorted()).toEqual([...defined, ...functions].toSorted());
});

describe('the commands of docs/deploy.md', () => {
	test.each(ofKind(snippets, 'sh').map(({text}) => ({text, first: text.split(' ').slice(0, 3).join(' ')})))(
		'can be read by a shell: $first',
		async ({text}) => {
			await expect(promisify(execFile)('bash', ['-n', '-c', text])).resolves.toMatchObject({stderr: ''});
		},
	);

	test('give a list options that its function takes', () => {
		const [, metadata = ''] = /--metadata '(.+)'/u.exec(page) ?? [];
		const asked = readRunOptions(JSON.parse(metadata) as Record<string, string>);
		expect(asked.toleratedFailurePercentage).toBe(1);
		expect(thumbnailOptions.parse(asked.options).sizes).toHaveLength(1);
	});

	test('find the record of an upload', async () => {
		const script = /^SUM=.*$/mu.exec(page)?.[0] ?? '';
		const {stdout} = await promisify(execFile)('bash', ['-c', `${script}; echo "objects/$(echo "$SUM" | cut -c1-2)/$SUM.json"`], {
			env: {...process.env, BUCKET: 'b', ETAG: 'e'},
		});
		const object = {bucket: 'b', key: 'uploads/cat.jpg', etag: 'e', versionId: undefined, createdAt: ''};
		expect(stdout.trim()).toBe(recordKey(object, text => hash('sha256', text)));
	});
});

describe('the rule of docs/deploy.md', () => {
	const pattern = JSON.parse(ofKind(snippets, 'json')[0]?.text ?? '') as {
		readonly detail: {readonly object: {readonly key: readonly {readonly wildcard: string}[]}};
	};
	const [{wildcard} = {wildcard: ''}] = pattern.detail.object.key;
	const isMatch = (key: string): boolean => new RegExp(`^${wildcard.replaceAll('.', '\\.').replaceAll('*', '.*')}$`, 'u').test(key);
	const state = 'thumbnails/.twolane/';

	test('tells of the report of every run', () => {
		expect(isMatch(state + layout.report('4fb11ecf8cf60c336a0893aa32'))).toBe(true);
	});

	test('tells of nothing else that a run writes', () => {
		const place = {runId: 'run', generation: 0};
		const others = [layout.spec('run'), layout.results('run'), layout.plan(place), layout.seal({...place, shard: 1}), layout.lease('run')];
		for (const key of others) expect(isMatch(state + key), key).toBe(false);
		expect(isMatch('thumbnails/00/a/256.jpg')).toBe(false);
	});
});
