import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, test} from 'vitest';
import {execute, scratchProject} from '../docs/scratch-project.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const jobs = ['api', 'disk', 'extract', 'hash', 'json', 'pdf', 'redis', 'resize', 'thumbnail'].map(name => `jobs/${name}.ts`);
const wrong = ['wrong/flows.ts', 'wrong/runs.ts'] as const;

const read = (name: string): Promise<string> => readFile(join(root, 'test/types', name), 'utf8');

describe('the public types', () => {
	test('take every job as it is written, and refuse each wrong twin', async () => {
		const {stdout, stderr, exitCode} = await execute(join(root, 'node_modules/.bin/tsc'), ['-p', 'test/types/tsconfig.json'], root);

		expect({stdout, stderr, exitCode}).toEqual({stdout: '', stderr: '', exitCode: 0});
	});

	test('refuse each wrong twin for the reason it names, on its line, and for no other', async () => {
		await using project = await scratchProject();
		for (const name of [...jobs, 'public-types.ts']) await project.write(name, await read(name));
		const expected: string[] = [];
		for (const name of wrong) {
			const text = await read(name);
			expected.push(...text.split('\n').flatMap((line, index) => expectedIn(line).map(code => `${name}:${index + 2} ${code}`)));
			await project.write(name, text.replaceAll('@ts-expect-error', 'expected'));
		}

		const found = (await project.typeCheck()).map(line => line.replace(/^(.+)\((\d+),\d+\): error (TS\d+): .*$/u, '$1:$2 $3'));

		expect(expected.length).toBeGreaterThan(20);
		expect(found).toEqual(expected);
	});
});

/** The error that a directive on this line announces for the next one. */
const expectedIn = (line: string): readonly string[] => /@ts-expect-error (TS\d+): ./u.exec(line)?.slice(1) ?? [];
