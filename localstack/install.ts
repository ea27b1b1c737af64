import {createHash, randomUUID} from 'node:crypto';
import {constants, access, mkdir, readFile, readdir, rename, rm, stat, writeFile} from 'node:fs/promises';
import {homedir} from 'node:os';
import {dirname, isAbsolute, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {findPython} from './find-python.ts';
import type {Say} from './progress.ts';
import {runProgram} from './run-program.ts';

export interface InstallOptions {
	readonly onProgress?: Say;
	readonly env?: Readonly<Record<string, string | undefined>>;
	readonly home?: string;
	/** Holds requirements.txt and the executor. */
	readonly hostFolder?: string;
}

const ourHostFolder = fileURLToPath(new URL('host', import.meta.url));
const MARKER = 'installed';
const DRAFT = '.draft-';
const ABANDONED_MS = 60 * 60 * 1000;
const PIP_LIMIT_MS = 15 * 60 * 1000;
const SHORT_LIMIT_MS = 2 * 60 * 1000;

const nothingToRunItOn = [
	'LocalStack needs a Docker engine or Python 3.13, and neither was found here. Install one of them:',
	'  Docker        https://docs.docker.com/engine/install/',
	'  Python 3.13   uv python install 3.13   or   pyenv install 3.13   or   apt install python3.13-venv',
	'Looked for python3.13 and python3 on the PATH, below ~/.pyenv/versions, and asked uv.',
].join('\n');

/**
 * A virtual environment with LocalStack and the executor, made the first time and kept in the user's cache; gives its Python.
 * @throws Error that says what to install, or what pip said last.
 */
export async function install({
	onProgress = () => {},
	env = process.env,
	home = homedir(),
	hostFolder = ourHostFolder,
}: InstallOptions = {}): Promise<string> {
	const folder = await cacheFolder({env, home, hostFolder});
	if (await isWhole(folder)) return pythonOf(folder);
	onProgress('Looking for Python 3.13');
	const python = await findPython({env, home});
	if (python === undefined) throw new Error(nothingToRunItOn);
	await mkdir(dirname(folder), {recursive: true});
	await removeAbandoned(dirname(folder));
	// Nobody sees it before it is whole. A virtual environment may be renamed as long as nobody runs the scripts in it, only `python -m`.
	const draft = `${folder}${DRAFT}${randomUUID()}`;
	try {
		await build(draft, {python, env, hostFolder, onProgress});
		await publish(draft, folder);
	} finally {
		await rm(draft, {recursive: true, force: true});
	}
	return pythonOf(folder);
}

const pythonOf = (folder: string): string => join(folder, 'bin/python');

/** Named after what is in it: other requirements or another executor make another folder. */
async function cacheFolder({env, home, hostFolder}: Required<Omit<InstallOptions, 'onProgress'>>): Promise<string> {
	const files = ['requirements.txt', ...(await readdir(join(hostFolder, 'executor'), {recursive: true})).map(name => `executor/${name}`)];
	const digest = createHash('sha256');
	for (const name of files.filter(name => /\.(?:txt|toml|py|mjs)$/u.test(name)).sort()) {
		digest.update(`${name}\0`).update(await readFile(join(hostFolder, name)));
	}
	const cache = env.XDG_CACHE_HOME;
	const root = cache !== undefined && isAbsolute(cache) ? cache : join(home, '.cache');
	return join(root, 'twolane', `localstack-${digest.digest('hex').slice(0, 16)}`);
}

/** The marker says that it was once; its Python is a link that may have lost its target. */
async function isWhole(folder: string): Promise<boolean> {
	try {
		await access(join(folder, MARKER));
		await access(pythonOf(folder), constants.X_OK);
		return true;
	} catch {
		return false;
	}
}

interface Build extends Required<Pick<InstallOptions, 'env' | 'hostFolder' | 'onProgress'>> {
	readonly python: string;
}

async function build(draft: string, {python, env, hostFolder, onProgress}: Build): Promise<void> {
	const title = 'Installing LocalStack (once, about a minute)';
	// Isolated: neither PYTHONPATH nor the user's own packages change what is installed.
	const run = async (program: string, args: readonly string[], timeLimitMs: number): Promise<void> => {
		const onLine = (line: string): void => {
			const [, step] = /^\s*((?:Collecting|Downloading|Using|Building|Installing) [^\s,]+)/u.exec(line) ?? [];
			if (step !== undefined) onProgress(`${title}: ${step}`);
		};
		await runProgram([program, '-I', ...args], {env, onLine, timeLimitMs});
	};
	onProgress(title);
	await run(python, ['-m', 'venv', draft], SHORT_LIMIT_MS);
	const quiet = ['--no-input', '--disable-pip-version-check', '--no-color', '--progress-bar', 'off'];
	const wanted = ['-r', join(hostFolder, 'requirements.txt'), join(hostFolder, 'executor')];
	await run(pythonOf(draft), ['-m', 'pip', 'install', ...quiet, '--no-deps', ...wanted], PIP_LIMIT_MS);
	// LocalStack swallows an import that fails, and then says something else.
	onProgress(`${title}: trying it`);
	await run(pythonOf(draft), ['-m', 'pip', 'check', '--disable-pip-version-check'], SHORT_LIMIT_MS);
	await run(pythonOf(draft), ['-c', 'import localstack.aws.components, localstack.runtime.main'], SHORT_LIMIT_MS);
	await writeFile(join(draft, MARKER), '');
}

async function publish(draft: string, folder: string): Promise<void> {
	try {
		await rename(draft, folder);
	} catch (error) {
		if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
		// Another one was faster, or an old one has lost its Python.
		if (await isWhole(folder)) return;
		await rename(folder, `${draft}-old`);
		await rename(draft, folder);
		await rm(`${draft}-old`, {recursive: true, force: true});
	}
}

/** What was killed in the middle. */
async function removeAbandoned(parent: string): Promise<void> {
	for (const name of (await readdir(parent)).filter(name => name.includes(DRAFT))) {
		const path = join(parent, name);
		const changedAt = await stat(path).then(
			({mtimeMs}) => mtimeMs,
			() => Infinity,
		);
		if (Date.now() - changedAt > ABANDONED_MS) await rm(path, {recursive: true, force: true});
	}
}
