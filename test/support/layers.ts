import {stripTypeScriptTypes} from 'node:module';
import {posix} from 'node:path';

/** Source files by their path below `src`, with `/`. */
export type Sources = ReadonlyMap<string, string>;

/** One import that stays when the types are gone; `target` is a path below `src`, a package, or `undefined` where it is computed. */
export interface Import {
	readonly from: string;
	readonly target: string | undefined;
	readonly isInternal: boolean;
	readonly isDynamic: boolean;
}

const isComment = (line: string): boolean => /^\s*(?:\*|\/\/|\/\*)/u.test(line);

/** What Node would run: without types, and therefore without `import type`, and without comment lines. */
function readCode(source: string): string {
	return stripTypeScriptTypes(source)
		.split('\n')
		.map(line => (isComment(line) ? '' : line))
		.join('\n');
}

const staticImport = /^(?:import\s*|(?:import\b|export\s*[*{])[^;'"()=]*?\bfrom\s*)(['"])([^'"]+)\1/gmu;
const dynamicImport = /\b(?:import|require)\(\s*(?:(['"`])([^'"`$]+)\1)?/gu;

export function readImports(path: string, source: string): readonly Import[] {
	const code = readCode(source);
	const read = (pattern: RegExp, isDynamic: boolean): Import[] =>
		[...code.matchAll(pattern)].map(([, , specifier]) => {
			const isInternal = specifier?.startsWith('.') ?? false;
			const target = isInternal ? posix.join(posix.dirname(path), specifier ?? '') : specifier;
			return {from: path, target, isInternal, isDynamic};
		});
	return [...read(staticImport, false), ...read(dynamicImport, true)];
}

/** `lanes`, `manifest`, `adapters/http`, `flows/thumbnail`, `cli`, ..., or the file itself where it lies in no room: an entry. */
export function roomOf(path: string): string {
	const [first = '', second = ''] = path.split('/');
	return first === 'adapters' || first === 'flows' ? `${first}/${second}` : first;
}

interface Room {
	/** Rooms or files that may be imported, besides the room itself. */
	readonly inside: readonly string[];
	/** Packages; `node:*` stands for all of Node. */
	readonly packages: readonly string[];
}

const adapter = (packages: readonly string[], inside: readonly string[] = []): Room => ({
	inside: ['lanes/errors.ts', 'lanes/reserve.ts', 'lanes/watch-errors.ts', ...inside],
	packages: ['node:*', ...packages],
});

/** The table of DESIGN.md, section 2. What it does not name is an entry, and may import anything but an entry point. */
const rooms: Readonly<Record<string, Room>> = {
	lanes: {inside: [], packages: ['p-map']},
	manifest: {inside: ['lanes'], packages: ['zod', 'csv-parse', 'csv-parse/sync', 'node:zlib']},
	runs: {inside: ['lanes', 'manifest'], packages: ['p-map', 'zod']},
	events: {inside: ['lanes', 'manifest', 'objects', 'runs'], packages: ['zod']},
	objects: {inside: ['lanes', 'manifest', 'runs'], packages: ['zod']},
	api: {inside: ['runs', 'lanes', 'manifest'], packages: ['hono', 'zod', 'ulid']},
	'adapters/directory': adapter([]),
	'adapters/files': adapter([]),
	'adapters/http': adapter(['undici', 'ipaddr.js'], ['lanes/retry-after.ts']),
	// A pool of one thread in a process of its own.
	// Packages of the SDK and its own parts; types of the ports only.
	'adapters/s3': adapter(['@aws-sdk/client-s3', '@smithy/node-http-handler']),
	'adapters/lambda': adapter(['@aws-sdk/client-lambda', '@smithy/node-http-handler']),
	'adapters/step-functions': adapter(['@aws-sdk/client-sfn', '@smithy/node-http-handler']),
	'adapters/cloudformation': adapter(['@aws-sdk/client-cloudformation', '@smithy/node-http-handler']),
	'adapters/log': adapter(['@aws-lambda-powertools/logger', '@aws-lambda-powertools/metrics']),
	'adapters/isolation': adapter([], ['adapters/pool']),
	'adapters/machine': adapter([]),
	'adapters/pool': adapter(['piscina'], ['lanes/border.ts']),
	'adapters/thread': adapter(['piscina'], ['lanes/border.ts', 'lanes/failure.ts']),
	'flows/thumbnail': {inside: ['lanes'], packages: ['zod', 'sharp', 'thumbhash', 'file-type', 'node:*']},
};
const entries = new Set(['index.ts', 'library.ts', 'wire.ts', 'aws.ts', 'local', 'deployed', 'sources', 'cli']);
const entryPoints = ['cli', 'functions'];
const codecs = new Set(['sharp', 'thumbhash', 'file-type']);

const isBelow = (path: string, place: string): boolean => path === place || path.startsWith(`${place}/`);

function judgeImport({from, target, isInternal}: Import): string | undefined {
	const room = roomOf(from);
	if (target === undefined) return undefined;
	const breach = `${from} imports ${target}`;
	if (isInternal && entryPoints.some(entry => isBelow(target, entry) && !isBelow(from, entry))) return breach;
	if (entries.has(room)) return undefined;
	const rules = rooms[room];
	if (rules === undefined) return `${from} lies in no known room`;
	if (isInternal) return [room, ...rules.inside].some(place => isBelow(target, place)) ? undefined : breach;
	if (rules.packages.includes(target)) return undefined;
	return target.startsWith('node:') && rules.packages.includes('node:*') ? undefined : breach;
}

// Whatever tells time, draws lots or looks at the machine is a port. A date of a number that somebody gave tells no time.
const machine =
	/\b(?:Date\.now|new Date\b(?!\(\s*[^)\s])|performance\.[a-z]|process\.[a-z]|set(?:Timeout|Interval|Immediate)\(|Math\.random|console\.[a-z])/u;
const pureRooms = new Set(['lanes', 'runs']);

/** All files that are loaded with one file, or, with `isLazy`, may be loaded later. */
export function reach(sources: Sources, start: string, {isLazy}: {readonly isLazy: boolean}): ReadonlySet<string> {
	const found = new Set<string>();
	const visit = (path: string): void => {
		if (found.has(path)) return;
		found.add(path);
		for (const {target, isInternal, isDynamic} of readImports(path, sources.get(path) ?? '')) {
			if (target === undefined || (isDynamic && !isLazy)) continue;
			if (isInternal) visit(target);
			else found.add(target);
		}
	};
	visit(start);
	return found;
}

/** Every breach of the layer table; none in a house that is in order. */
export function findBreaches(sources: Sources): readonly string[] {
	const breaches: (string | undefined)[] = [];
	for (const [path, source] of sources) {
		const code = readCode(source);
		const room = roomOf(path);
		for (const one of readImports(path, source)) {
			breaches.push(judgeImport(one));
			// Who loads what a user names: nobody else computes what it imports.
			if (one.target === undefined && !['adapters/thread/thread.ts', 'cli/load-flow.ts'].includes(path)) {
				breaches.push(`${path} imports something computed`);
			}
			if (one.target === 'zod' && room.startsWith('flows/') && !path.endsWith('/options.ts')) breaches.push(`${path} imports zod`);
		}
		if (pureRooms.has(room)) breaches.push(...(machine.exec(code) ?? []).map(use => `${path} uses ${use}`));
		if (/\bprocess\.env\b/u.test(code) && path !== 'cli/environment.ts') breaches.push(`${path} reads process.env`);
		if (/^flows\/[^/]+\/index\.ts$/u.test(path)) {
			const loaded = [...reach(sources, path, {isLazy: true})];
			breaches.push(...loaded.filter(target => codecs.has(target)).map(codec => `${path} loads ${codec} outside of the threads`));
		}
	}
	return breaches.filter(breach => breach !== undefined);
}
