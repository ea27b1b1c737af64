// Builds what is deployed into dist/: node scripts/build.ts [--out DIR] [--service FILE] [--test-flows]
// LAMBDA_ARCH: arm64 (default) or x86_64.
import {createHash} from 'node:crypto';
import {mkdirSync, writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {parseArgs} from 'node:util';
import {bundle} from './build/bundle.ts';
import {type BuiltFunction, findLoops, writeDeployFiles} from './build/deploy-files.ts';
import {type Architecture, copyPackages} from './build/native-packages.ts';
import {zipFolder} from './build/zip-folder.ts';

const root = resolve(import.meta.dirname, '..');
const {values: flags} = parseArgs({
	options: {
		out: {type: 'string', default: join(root, 'dist')},
		service: {type: 'string', default: join(root, 'serverless.yml')},
		'test-flows': {type: 'boolean', default: false},
	},
});
const out = resolve(flags.out);

/** Only those that make thumbnails carry threads and codecs. */
const functions = [
	{name: 'api', hasThreads: false},
	{name: 'on-object', hasThreads: true},
	{name: 'orchestrator', hasThreads: true},
	{name: 'worker', hasThreads: true},
] as const;

const architecture = readArchitecture(process.env.LAMBDA_ARCH ?? 'arm64');
const loops = findLoops(resolve(flags.service));
if (loops.length > 0) leave(3, loops.join('\n'));
mkdirSync(join(out, 'functions'), {recursive: true});
const built: Record<string, BuiltFunction> = {};
for (const one of functions) built[one.name] = await buildFunction(one);
await writeDeployFiles(out, {architecture, functions: built});

async function buildFunction({name, hasThreads}: (typeof functions)[number]): Promise<BuiltFunction> {
	const folder = join(out, 'bundles', name);
	const replaced = new Map(flags['test-flows'] ? [[join(root, 'src/wire.ts'), join(root, 'test/fixtures/deployed/wire.ts')]] : []);
	await bundle({name, entry: join(root, 'functions', `${name}.ts`), hasThreads, replaced}, folder);
	if (hasThreads) copyPackages(architecture, folder);
	const zip = zipFolder(folder);
	writeFileSync(join(out, 'functions', `${name}.zip`), zip);
	process.stderr.write(`${name}.zip ${(zip.length / 1024 / 1024).toFixed(1)} MB\n`);
	return {sha256: createHash('sha256').update(zip).digest('hex'), bytes: zip.length};
}

function readArchitecture(name: string): Architecture {
	return name === 'arm64' || name === 'x86_64' ? name : leave(2, `LAMBDA_ARCH must be arm64 or x86_64, got ${name}`);
}

function leave(code: number, message: string): never {
	process.stderr.write(`${message}\n`);
	process.exit(code);
}
