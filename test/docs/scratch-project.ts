import {execFile} from 'node:child_process';
import {mkdir, mkdtemp, rm, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const packages = ['zod', 'sharp', 'redis', 'unpdf', '@types', '@standard-schema'] as const;

/** A project of a user's own, in a folder of its own, with twolane installed. */
export interface ScratchProject extends AsyncDisposable {
	readonly path: string;
	write(name: string, content: string): Promise<void>;
	/** What tsc says of all that was written here, one error a line; empty when all is well. */
	typeCheck(): Promise<readonly string[]>;
	/** `node bin/twolane.js WORDS` in the project's folder. */
	twolane(...words: readonly string[]): Promise<ProgramEnd>;
}

export interface ProgramEnd {
	readonly exitCode: number;
	readonly stdout: string;
	readonly stderr: string;
}

export async function scratchProject(): Promise<ScratchProject> {
	const path = await mkdtemp(join(tmpdir(), 'twolane-project-'));
	const write = async (name: string, content: string): Promise<void> => {
		await mkdir(dirname(join(path, name)), {recursive: true});
		await writeFile(join(path, name), content);
	};
	await write('package.json', '{"type": "module"}');
	await write('tsconfig.json', JSON.stringify({extends: join(root, 'tsconfig.json'), include: ['**/*.ts'], exclude: ['node_modules']}));
	await mkdir(join(path, 'node_modules'));
	await symlink(root, join(path, 'node_modules/twolane'));
	for (const name of packages) await symlink(join(root, 'node_modules', name), join(path, 'node_modules', name));
	return {
		path,
		write,
		async typeCheck() {
			const {stdout, stderr} = await execute(join(root, 'node_modules/.bin/tsc'), ['--pretty', 'false'], path);
			// Indented lines explain the one above; files outside of the project are the library's, which has a check of its own.
			return `${stdout}${stderr}`.split('\n').filter(line => line !== '' && !/^(?: |\.\.\/)/u.test(line));
		},
		twolane: (...words) => execute(process.execPath, [join(root, 'bin/twolane.js'), ...words], path),
		[Symbol.asyncDispose]: () => rm(path, {recursive: true, force: true}),
	};
}

/** Runs a program to its end. An exit code is an answer, a program that cannot be started is an error. */
export function execute(program: string, words: readonly string[], cwd: string): Promise<ProgramEnd> {
	return new Promise((resolve, reject) => {
		execFile(program, words, {cwd, env: {...process.env, NO_COLOR: '1'}}, (error, stdout, stderr) => {
			if (error === null) resolve({exitCode: 0, stdout, stderr});
			else if (typeof error.code === 'number') resolve({exitCode: error.code, stdout, stderr});
			else reject(error);
		});
	});
}
