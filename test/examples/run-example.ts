import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {text} from 'node:stream/consumers';
import {fileURLToPath} from 'node:url';

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<AsyncDisposable & {readonly path: string}> {
	const path = await mkdtemp(join(tmpdir(), 'twolane-example-'));
	return {path, [Symbol.asyncDispose]: () => rm(path, {recursive: true, force: true})};
}

export interface ExampleEnd {
	readonly exitCode: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

/** `node examples/NAME.ts ARGS`, as its header says, in a folder of its own. */
export async function runExample(
	name: string,
	args: readonly string[],
	{cwd, input = ''}: {readonly cwd: string; readonly input?: string},
): Promise<ExampleEnd> {
	const file = fileURLToPath(new URL(`../../examples/${name}.ts`, import.meta.url));
	const child = spawn(process.execPath, [file, ...args], {cwd, env: {...process.env, NO_COLOR: '1'}});
	const exited = once(child, 'close');
	child.stdin.end(input);
	const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
	await exited;
	return {exitCode: child.exitCode, stdout, stderr};
}
