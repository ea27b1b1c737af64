// What a cold start costs: `npm run build && node bench/cold-start.ts [--dist DIR]`. Ends with an error when a zip is too large or a main thread loads what it must not.
import {execFileSync} from 'node:child_process';
import {readFileSync, statSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';
import {parseArgs} from 'node:util';

const root = resolve(import.meta.dirname, '..');
const {values: flags} = parseArgs({options: {dist: {type: 'string', default: join(root, 'dist')}, rounds: {type: 'string', default: '7'}}});
const MOST_ZIP_BYTES = 15 * 1024 * 1024;

/** Packages that the main thread of a function must not have loaded when it is ready. */
const forbidden = {
	api: ['sharp', 'piscina'],
	'on-object': ['sharp'],
	orchestrator: ['sharp'],
	worker: ['sharp'],
} as const;

const environment = {
	PATH: process.env.PATH,
	AWS_REGION: 'us-east-1',
	AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769',
	TWOLANE_OUT: 's3://bucket/thumbnails',
	TWOLANE_ORCHESTRATOR: 'orchestrator',
	TWOLANE_WORKER: 'worker',
	TWOLANE_STATE_MACHINE: 'arn:aws:states:us-east-1:123456789012:stateMachine:shards',
};

interface Measured {
	readonly importMs: number;
	readonly rssMiB: number;
	readonly loaded: readonly string[];
}

/** Imports a function in a process of its own, and asks which packages that brought in. */
function measure(name: string): Measured {
	const entry = join(flags.dist, 'bundles', name, `${name}.mjs`);
	const program = `
		import {registerHooks} from 'node:module';
		const loaded = new Set();
		registerHooks({load(url, context, next) {
			const found = /\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)\\//.exec(url);
			if (found) loaded.add(found[1]);
			return next(url, context);
		}});
		const startMs = performance.now();
		const {handler} = await import(${JSON.stringify(pathToFileURL(entry).href)});
		const importMs = performance.now() - startMs;
		if (typeof handler !== 'function') throw new Error('there is no handler');
		console.log(JSON.stringify({importMs, rssMiB: process.memoryUsage().rss / 1048576, loaded: [...loaded]}));
		process.exit(0);`;
	const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {env: environment, encoding: 'utf8'});
	return JSON.parse(printed) as Measured;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

const problems: string[] = [];
const built = JSON.parse(readFileSync(join(flags.dist, 'build.json'), 'utf8')) as {readonly architecture: string};
console.log(`${built.architecture}, Node ${process.versions.node}, ${flags.rounds} rounds, medians\n`);
console.log('| function | zip MB | import ms | RSS MiB | packages on the main thread |\n|---|---|---|---|---|');
for (const [name, packages] of Object.entries(forbidden)) {
	const zipBytes = statSync(join(flags.dist, 'functions', `${name}.zip`)).size;
	const rounds = Array.from({length: Number(flags.rounds)}, () => measure(name));
	const loaded = rounds[0]?.loaded ?? [];
	const [importMs, rssMiB] = [median(rounds.map(round => round.importMs)), median(rounds.map(round => round.rssMiB))];
	console.log(
		`| ${name} | ${(zipBytes / 1e6).toFixed(1)} | ${importMs.toFixed(0)} | ${rssMiB.toFixed(0)} | ${loaded.join(', ') || 'none'} |`,
	);
	if (zipBytes > MOST_ZIP_BYTES) problems.push(`${name}.zip has ${zipBytes} bytes, at most ${MOST_ZIP_BYTES} are allowed`);
	for (const each of packages) if (loaded.includes(each)) problems.push(`the main thread of ${name} loads ${each}`);
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
