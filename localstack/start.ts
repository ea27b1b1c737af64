import {type ChildProcessByStdio, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdir, mkdtemp, readFile, realpath} from 'node:fs/promises';
import {connect, createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import type {Readable, Writable} from 'node:stream';
import {setTimeout as wait} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {install} from './install.ts';
import type {Say} from './progress.ts';
import {clientEnvironment, localStackSettings} from './settings.ts';

export interface LocalStack {
	/** `http://127.0.0.1:{port}` */
	readonly endpoint: string;
	/** What the SDKs, the AWS command line and `serverless` need. */
	readonly env: Readonly<Record<string, string>>;
	readonly pid: number;
	/** Gone with the rest after `stop`. */
	readonly logFile: string;
	/** Aborted should it end by itself. */
	readonly ended: AbortSignal;
	/** Kills it with all functions and removes what it wrote. It also happens when this process ends in any other way. */
	readonly stop: () => Promise<void>;
}

export interface StartOptions {
	/** Of 127.0.0.1; default: a free one. */
	readonly port?: number;
	/** On top of our own settings of LocalStack. */
	readonly env?: Readonly<Record<string, string>>;
	readonly onProgress?: Say;
	/** LocalStack's Python; default: the one that is installed now, or was before. */
	readonly python?: string;
}

const READY_LIMIT_MS = 60_000;
const ASK_EVERY_MS = 50;
const LOG_CHARACTERS = 3000;
const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Starts LocalStack as a process of this machine, without Docker, and resolves when it is ready.
 * @throws Error with the end of its log when it does not start.
 */
export async function startLocalStack({port, env, onProgress = () => {}, python}: StartOptions = {}): Promise<LocalStack> {
	const interpreter = python ?? (await install({onProgress}));
	const chosenPort = port ?? (await findFreePort());
	if (await isPortTaken(chosenPort)) throw new Error(`Port ${chosenPort} of 127.0.0.1 is taken. Choose another one with --port.`);
	onProgress('Starting LocalStack');
	const folder = await makeRunFolder();
	const settings = localStackSettings({port: chosenPort, folder, node: await findNode(), searchPath: process.env.PATH ?? ''});
	const kept = await keep([interpreter, '-m', 'localstack.runtime.main'], {folder, env: {...settings, ...env}});
	const endpoint = `http://127.0.0.1:${chosenPort}`;
	try {
		await untilReady(endpoint, kept);
	} catch (error) {
		const end = (await readFile(kept.logFile, 'utf8')).slice(-LOG_CHARACTERS);
		await kept.stop();
		throw new Error(`LocalStack did not start: ${(error as Error).message}\n${end}`, {cause: error});
	}
	return {...kept, endpoint, env: clientEnvironment(endpoint)};
}

export interface Kept {
	readonly pid: number;
	readonly logFile: string;
	/** Aborted when the program has ended by itself. */
	readonly ended: AbortSignal;
	readonly stop: () => Promise<void>;
}

/** Runs a program that ends with this process, and removes its folder then. */
export async function keep(
	command: readonly string[],
	{folder, env}: {readonly folder: string; readonly env: Readonly<Record<string, string>>},
): Promise<Kept> {
	// Detached: a Ctrl-C at the terminal is for us alone. The keeper sees its standard input close, and then cleans up.
	const keeper = spawn(process.execPath, [fileURLToPath(new URL('keeper.ts', import.meta.url)), folder, ...command], {
		env,
		detached: true,
		stdio: ['pipe', 'pipe', 'inherit'],
	});
	const gone = once(keeper, 'exit');
	const stop = async (): Promise<void> => {
		keeper.stdin.end();
		await gone;
	};
	const {pid, ended} = await listen(keeper);
	if (pid === undefined) {
		await stop();
		throw new Error(`${command[0]} cannot be run.`);
	}
	return {pid, logFile: join(folder, 'localstack.log'), ended, stop};
}

async function listen(
	keeper: ChildProcessByStdio<Writable, Readable, null>,
): Promise<{readonly pid: number | undefined; readonly ended: AbortSignal}> {
	const ended = new AbortController();
	const pid = await new Promise<number | undefined>(resolve => {
		const lines = createInterface({input: keeper.stdout});
		lines.on('line', line => {
			const said = JSON.parse(line) as {readonly pid?: number; readonly exited?: string | number};
			if (said.exited === undefined) return resolve(said.pid);
			ended.abort(new Error(`it ended by itself, ${said.exited}`));
		});
		lines.on('close', () => {
			ended.abort(new Error('its keeper has ended'));
			resolve(undefined);
		});
	});
	return {pid, ended: ended.signal};
}

async function untilReady(endpoint: string, {ended, logFile}: Kept): Promise<void> {
	for (const end = performance.now() + READY_LIMIT_MS; performance.now() < end; await wait(ASK_EVERY_MS)) {
		ended.throwIfAborted();
		// Its own word, not only an answer: the port may have gone to somebody else in between.
		if (/^Ready\.$/mu.test(await readFile(logFile, 'utf8')) && (await isHealthy(endpoint))) return;
	}
	throw new Error(`it was not ready after ${READY_LIMIT_MS / 1000} s`);
}

/** Whether a LocalStack answers there. */
export async function isHealthy(endpoint: string): Promise<boolean> {
	return await fetch(`${endpoint}/_localstack/health`, {signal: AbortSignal.timeout(1000)}).then(
		({ok}) => ok,
		() => false,
	);
}

async function makeRunFolder(): Promise<string> {
	const folder = await mkdtemp(join(await realpath(tmpdir()), 'twolane-localstack-'));
	for (const name of ['fs', 'tmp', 'cache']) await mkdir(join(folder, name));
	return folder;
}

/** The project's own, which is the Node of the functions; this one where it is not installed. */
const findNode = async (): Promise<string> => await realpath(join(root, 'node_modules/.bin/node')).catch(() => process.execPath);

async function findFreePort(): Promise<number> {
	const server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const address = server.address();
	server.close();
	await once(server, 'close');
	if (address === null || typeof address === 'string') throw new Error('There is no free port on 127.0.0.1.');
	return address.port;
}

async function isPortTaken(port: number): Promise<boolean> {
	const socket = connect({host: '127.0.0.1', port});
	return await new Promise(resolve => {
		const settle = (isTaken: boolean): void => {
			socket.destroy();
			resolve(isTaken);
		};
		socket.once('connect', () => settle(true));
		socket.once('error', () => settle(false));
	});
}
