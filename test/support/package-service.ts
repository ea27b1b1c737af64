import {execFile} from 'node:child_process';
import {cp, mkdir, readFile, writeFile} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import {promisify} from 'node:util';
import {writeDeployFiles} from '../../scripts/build/deploy-files.ts';

const root = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

/** JSON that only the test knows the shape of, and checks. */
export type Loose = ReturnType<typeof JSON.parse>;

/** As much of a CloudFormation template as tests look at. */
export interface Template {
	readonly Resources: Readonly<
		Record<string, {readonly Type: string; readonly Properties: Readonly<Record<string, Loose>>; readonly DependsOn?: readonly string[]}>
	>;
	readonly Outputs: Readonly<Record<string, {readonly Value: unknown}>>;
}

/** A copy of the service in a folder, with everything that the build makes of it but code. */
export async function copyService(folder: string): Promise<void> {
	await cp(join(root, 'serverless.yml'), join(folder, 'serverless.yml'));
	await cp(join(root, 'deploy'), join(folder, 'deploy'), {recursive: true});
	await writeDeployFiles(join(folder, 'dist'), {architecture: 'arm64', functions: {}});
	await mkdir(join(folder, 'dist/functions'), {recursive: true});
	for (const name of ['api', 'on-object', 'orchestrator', 'worker']) await writeFile(join(folder, `dist/functions/${name}.zip`), emptyZip);
}

const emptyZip = Buffer.from(`504b0506${'00'.repeat(18)}`, 'hex');

/** What would be deployed. No network, no credentials. */
export async function packageService(folder: string, args: readonly string[] = []): Promise<Template> {
	const serverless = join(root, 'node_modules/serverless/bin/serverless.js');
	const env = {
		PATH: process.env.PATH,
		HOME: folder,
		SLS_TELEMETRY_DISABLED: '1',
		SLS_NOTIFICATIONS_MODE: 'off',
		AWS_EC2_METADATA_DISABLED: 'true',
	};
	await run(process.execPath, [serverless, 'package', '--package', 'packaged', ...args], {cwd: folder, env}).catch(
		(error: {readonly stdout: string; readonly stderr: string}) => {
			throw new Error(`${error.stdout}\n${error.stderr}`);
		},
	);
	return JSON.parse(await readFile(join(folder, 'packaged/cloudformation-template-update-stack.json'), 'utf8')) as Template;
}
