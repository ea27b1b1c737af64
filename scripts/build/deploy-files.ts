import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {build} from 'esbuild';
import {parse} from 'yaml';
import {defineMachine} from '../../src/adapters/step-functions/definition.ts';
import {findLoop} from '../../src/events/triggers.ts';
import type {Architecture} from './native-packages.ts';

const root = resolve(import.meta.dirname, '../..');

export interface BuiltFunction {
	readonly sha256: string;
	readonly bytes: number;
}

/** Writes what serverless.yml refers to, besides the functions themselves. */
export async function writeDeployFiles(
	out: string,
	built: {readonly architecture: Architecture; readonly functions: Readonly<Record<string, BuiltFunction>>},
): Promise<void> {
	const writeJson = (name: string, value: unknown): void => writeFileSync(join(out, name), `${JSON.stringify(value, undefined, '\t')}\n`);
	mkdirSync(out, {recursive: true});
	// As text: the deployment tool drops what is `null`, and a state machine says `null` for "nothing".
	for (const target of ['aws', 'localstack'] as const) {
		writeJson(`state-machine.${target}.json`, {definition: JSON.stringify(defineMachine({target}), undefined, '\t')});
	}
	await build({
		entryPoints: [join(root, 'scripts/deploy-variables.ts')],
		outfile: join(out, 'deploy.cjs'),
		bundle: true,
		platform: 'node',
		format: 'cjs',
		footer: {js: 'module.exports = module.exports.default;'},
		logLevel: 'error',
	});
	writeJson('build.json', built);
}

/** Why no stage of a service may be built: an output prefix of it would make outputs into inputs. */
export function findLoops(service: string): readonly string[] {
	const {params = {}} = parse(readFileSync(service, 'utf8'), {logLevel: 'silent'}) as {
		readonly params?: Readonly<Record<string, {readonly outPrefix?: string}>>;
	};
	return Object.entries(params).flatMap(([stage, {outPrefix}]) => {
		const loop = outPrefix === undefined ? undefined : findLoop(outPrefix);
		return loop === undefined ? [] : [`${service}: params.${stage}.outPrefix: ${loop}`];
	});
}
