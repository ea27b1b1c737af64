// npm run localstack [-- --port N] [-- --host]: LocalStack on this machine until Ctrl-C.
import {once} from 'node:events';
import {parseArgs} from 'node:util';
import {type ContainerLocalStack, hasDocker, startContainer} from './docker.ts';
import {type Say, showProgress} from './progress.ts';
import {clientEnvironment} from './settings.ts';
import {type LocalStack, isHealthy, startLocalStack} from './start.ts';

const {values} = parseArgs({
	options: {port: {type: 'string', default: '4566'}, host: {type: 'boolean', default: false}},
});
const port = Number(values.port);
const endpoint = `http://127.0.0.1:${port}`;

const writeExports = (): boolean =>
	process.stdout.write(
		Object.entries(clientEnvironment(endpoint))
			.map(([name, value]) => `export ${name}=${value}\n`)
			.join(''),
	);

type Started = ContainerLocalStack & Partial<Pick<LocalStack, 'logFile' | 'ended'>>;

async function start(onProgress: Say): Promise<Started> {
	const isInDocker = !values.host && (await hasDocker());
	return isInDocker ? await startContainer({port, onProgress}) : await startLocalStack({port, onProgress});
}

/** @throws Error when LocalStack ends before. */
async function untilToldToStop({ended}: Started): Promise<void> {
	ended?.throwIfAborted();
	const told = ['SIGINT', 'SIGTERM', 'SIGHUP'].map(async name => await once(process, name));
	await Promise.race(ended === undefined ? told : [...told, once(ended, 'abort')]);
	ended?.throwIfAborted();
}

async function keepLocalStack(): Promise<void> {
	if (await isHealthy(endpoint)) {
		process.stderr.write(`LocalStack is already running at ${endpoint}.\n`);
		writeExports();
		return;
	}
	const localStack = await showProgress(start, process.stderr);
	const log = localStack.logFile === undefined ? '' : ` Its log: ${localStack.logFile}`;
	process.stderr.write(`LocalStack is ready at ${endpoint}. Ctrl-C stops it, and then nothing is kept.${log}\n`);
	process.stderr.write('npm run deploy:local deploys to it. For other programs:\n');
	writeExports();
	try {
		await untilToldToStop(localStack);
	} catch (error) {
		throw new Error(`LocalStack has gone: ${(error as Error).message}.`, {cause: error});
	} finally {
		await localStack.stop();
	}
}

try {
	if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`--port: expected 1 to 65535, received ${values.port}.`);
	await keepLocalStack();
	process.exit(0);
} catch (error) {
	process.stderr.write(`${(error as Error).message}\n`);
	process.exit(3);
}
