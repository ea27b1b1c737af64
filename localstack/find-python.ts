import {execFile} from 'node:child_process';
import {readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';

const execute = promisify(execFile);
const PATIENCE_MS = 10_000;
const OLDEST_MINOR = 13;

export interface PythonPlace {
	readonly env: Readonly<Record<string, string | undefined>>;
	readonly home: string;
}

/** A Python that LocalStack runs on and that can make virtual environments: 3.13 if there is one, else a newer one. */
export async function findPython(place: PythonPlace): Promise<string | undefined> {
	let newer: string | undefined;
	for await (const candidate of listCandidates(place)) {
		const found = await probe(candidate, place.env);
		if (found === undefined) continue;
		if (found.minor === OLDEST_MINOR) return found.path;
		if (found.minor > OLDEST_MINOR) newer ??= found.path;
	}
	return newer;
}

async function* listCandidates({env, home}: PythonPlace): AsyncGenerator<string> {
	yield* ['python3.13', 'python3'];
	const versions = join(env.PYENV_ROOT ?? join(home, '.pyenv'), 'versions');
	const names = await readdir(versions).catch(() => []);
	for (const name of names.filter(name => /^3\.13\b/u.test(name)).sort(newestFirst)) yield join(versions, name, 'bin/python');
	const ofUv = await ask(['uv', 'python', 'find', '--no-python-downloads', '3.13'], env);
	if (ofUv !== undefined) yield ofUv;
}

const newestFirst = (a: string, b: string): number => b.localeCompare(a, 'en', {numeric: true});

// pyenv puts a python3.13 on the PATH that only says that it is not active: whatever is found has to run. Debian has
// Pythons without `ensurepip`, which make no virtual environment.
const question = 'import ensurepip, sys, venv; print(sys.version_info.major, sys.version_info.minor, sys.executable)';

async function probe(python: string, env: PythonPlace['env']): Promise<{readonly minor: number; readonly path: string} | undefined> {
	const answer = await ask([python, '-I', '-c', question], env);
	const [, minor, path] = /^3 (\d+) (.+)$/u.exec(answer ?? '') ?? [];
	return minor === undefined || path === undefined ? undefined : {minor: Number(minor), path};
}

async function ask([program = '', ...args]: readonly string[], env: PythonPlace['env']): Promise<string | undefined> {
	try {
		return (await execute(program, args, {env, timeout: PATIENCE_MS})).stdout.trim();
	} catch {
		return undefined;
	}
}
