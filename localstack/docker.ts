import {execFile} from 'node:child_process';
import {setTimeout as wait} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import type {Say} from './progress.ts';
import {runProgram} from './run-program.ts';
import {clientEnvironment} from './settings.ts';
import {type LocalStack, isHealthy} from './start.ts';

const execute = promisify(execFile);
const ENGINE_PATIENCE_MS = 5000;
// With the download of the image, once.
const UP_LIMIT_MS = 15 * 60 * 1000;
const READY_LIMIT_MS = 2 * 60 * 1000;
const ASK_EVERY_MS = 200;

export type ContainerLocalStack = Pick<LocalStack, 'endpoint' | 'env' | 'stop'>;

/** An engine that answers, and compose: the command alone is not enough. */
export async function hasDocker(): Promise<boolean> {
	try {
		await execute('docker', ['info', '--format', '{{.ServerVersion}}'], {timeout: ENGINE_PATIENCE_MS});
		await execute('docker', ['compose', 'version'], {timeout: ENGINE_PATIENCE_MS});
		return true;
	} catch {
		return false;
	}
}

/** @throws Error with compose's last lines. */
export async function startContainer({port, onProgress}: {readonly port: number; readonly onProgress: Say}): Promise<ContainerLocalStack> {
	const file = fileURLToPath(new URL('compose.yml', import.meta.url));
	const compose = async (...args: readonly string[]): Promise<void> =>
		await runProgram(['docker', 'compose', '--project-name', `twolane-localstack-${port}`, '--file', file, ...args], {
			env: {...process.env, LOCALSTACK_PORT: String(port)},
			onLine: line => onProgress(`Starting LocalStack in Docker: ${line.trim()}`),
			timeLimitMs: UP_LIMIT_MS,
		});
	const endpoint = `http://127.0.0.1:${port}`;
	const stop = async (): Promise<void> => await compose('down', '--volumes', '--timeout', '1');
	try {
		await compose('up', '--detach');
		await untilHealthy(endpoint);
	} catch (error) {
		await stop();
		throw error;
	}
	return {endpoint, env: clientEnvironment(endpoint), stop};
}

async function untilHealthy(endpoint: string): Promise<void> {
	for (const end = performance.now() + READY_LIMIT_MS; performance.now() < end; await wait(ASK_EVERY_MS)) {
		if (await isHealthy(endpoint)) return;
	}
	throw new Error(`LocalStack in Docker was not ready after ${READY_LIMIT_MS / 1000} s.`);
}
