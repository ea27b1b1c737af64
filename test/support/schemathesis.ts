import {randomUUID} from 'node:crypto';
import {access, mkdir, rename, rm} from 'node:fs/promises';
import {homedir} from 'node:os';
import {dirname, join} from 'node:path';
import {findPython} from '../../localstack/find-python.ts';
import {runProgram} from '../../localstack/run-program.ts';

const VERSION = '4.32.5';
const INSTALL_LIMIT_MS = 10 * 60_000;

/**
 * Asks an API whatever its OpenAPI document allows, and more. Fails on a 5xx, and on an answer that the document does not know.
 * @throws Error with what it found.
 */
export async function runSchemathesis(url: string, {baseUrl, maxExamples}: {readonly baseUrl: string; readonly maxExamples: number}) {
	const python = await install();
	const lines: string[] = [];
	// An invented cursor is refused, as the document says: that it looks right is all that a schema can tell. And a gateway has its own
	// answer for methods that it does not know.
	const checks = ['--exclude-checks', 'positive_data_acceptance,unsupported_method'];
	const flags = [...checks, '--max-examples', String(maxExamples), '--seed', '1', '--request-timeout', '60'];
	await runProgram(
		[python, '-m', 'schemathesis.cli', 'run', url, '--url', baseUrl, ...flags, '--generation-database', 'none', '--no-color'],
		{env: process.env, timeLimitMs: INSTALL_LIMIT_MS, onLine: line => lines.push(line)},
	).catch((error: unknown) => {
		throw new Error(lines.join('\n'), {cause: error});
	});
	return lines;
}

/** In the user's cache, beside LocalStack. */
async function install(): Promise<string> {
	const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'twolane', `schemathesis-${VERSION}`);
	const python = join(folder, 'bin/python');
	if (await isThere(join(folder, 'pyvenv.cfg'))) return python;
	const base = await findPython({env: process.env, home: homedir()});
	if (base === undefined) throw new Error('schemathesis needs Python 3.13, as LocalStack does: see localstack/README.md');
	await mkdir(dirname(folder), {recursive: true});
	const draft = `${folder}.draft-${randomUUID()}`;
	const run = (...command: readonly string[]) => runProgram(command, {env: process.env, timeLimitMs: INSTALL_LIMIT_MS});
	try {
		await run(base, '-I', '-m', 'venv', draft);
		await run(
			join(draft, 'bin/python'),
			'-I',
			'-m',
			'pip',
			'install',
			'--no-input',
			'--disable-pip-version-check',
			`schemathesis==${VERSION}`,
		);
		await rename(draft, folder);
	} finally {
		await rm(draft, {recursive: true, force: true});
	}
	return python;
}

const isThere = async (path: string): Promise<boolean> =>
	await access(path).then(
		() => true,
		() => false,
	);
