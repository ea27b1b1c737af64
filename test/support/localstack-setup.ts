import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {TestProject} from 'vitest/node';
import {showProgress} from '../../localstack/progress.ts';
import {clientEnvironment} from '../../localstack/settings.ts';
import {startLocalStack} from '../../localstack/start.ts';
import type {ProvidedLocalStack} from './localstack.ts';

/** One LocalStack for all files, or the one that TWOLANE_LOCALSTACK names, which then stays. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
	const given = process.env.TWOLANE_LOCALSTACK;
	// Lets a test narrow the whole account while it runs.
	const start = async (): ReturnType<typeof startLocalStack> =>
		await showProgress(async onProgress => await startLocalStack({env: {ENABLE_CONFIG_UPDATES: '1'}, onProgress}), {
			write: text => process.stderr.write(text),
		});
	const localStack = given === undefined ? await start() : undefined;
	const endpoint = localStack?.endpoint ?? given ?? '';
	const folder = await mkdtemp(join(tmpdir(), 'twolane-deployed-'));
	const provided: ProvidedLocalStack = {
		endpoint,
		env: clientEnvironment(endpoint),
		folder,
		...(localStack && {logFile: localStack.logFile}),
	};
	project.provide('localstack', provided);
	return async () => {
		await localStack?.stop();
		await rm(folder, {recursive: true, force: true});
	};
}
