import {fork} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';
import {sourceOrBuilt} from '../../adapters/pool/source-or-built.ts';
import {TwolaneError} from '../../lanes/errors.ts';

/** A running origin; disposing ends its process. */
export interface Origin extends AsyncDisposable {
	/** `http://127.0.0.1:PORT`, without a slash at the end. */
	readonly url: string;
}

interface StartOrigin {
	/** The folder whose photos are served. */
	readonly directory: string;
	/** Ends the start. A running origin is ended by disposing it only: a run that drains still fetches. */
	readonly signal?: AbortSignal;
}

const PROGRAM = fileURLToPath(sourceOrBuilt(new URL('./origin.ts', import.meta.url)));

/**
 * Serves the photos of a folder over HTTP from a process of its own, so that serving costs the lanes' process nothing.
 * @throws TwolaneError `FILE_UNREADABLE` when the folder cannot be served; the signal's reason.
 */
export async function startOrigin({directory, signal}: StartOrigin): Promise<Origin> {
	signal?.throwIfAborted();
	// None of our own flags: under a test runner or a debugger they are not meant for the child.
	const child = fork(PROGRAM, [directory], {execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc']});
	try {
		const port = await hearPort(child, signal);
		return {url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => stop(child)};
	} catch (error) {
		await stop(child);
		signal?.throwIfAborted();
		const reason = error instanceof Error ? error.message : String(error);
		throw new TwolaneError('FILE_UNREADABLE', `the photos in ${directory} cannot be served: ${reason}.`, {cause: error});
	}
}

async function hearPort(child: ChildProcess, signal: AbortSignal | undefined): Promise<number> {
	const heard = new AbortController();
	const options = {signal: signal ? AbortSignal.any([signal, heard.signal]) : heard.signal};
	const ended = once(child, 'exit', options).then(([code, killer]) => {
		throw new Error(`its process ended (${code ?? killer}) before it was ready`);
	});
	try {
		const [message] = await Promise.race([once(child, 'message', options), ended]);
		return readPort(message);
	} finally {
		heard.abort();
		await ended.catch(() => {});
	}
}

function readPort(message: unknown): number {
	const {port, problem} = (message ?? {}) as Readonly<Record<string, unknown>>;
	if (typeof port === 'number') return port;
	throw new Error(typeof problem === 'string' ? problem : 'its process said something else than its port');
}

async function stop(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
	const exited = once(child, 'exit');
	child.kill();
	await exited;
}
