import {globSync, readFileSync} from 'node:fs';
import {join, sep} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';
import {type Sources, findBreaches, reach, readImports} from './support/layers.ts';

const src = fileURLToPath(new URL('../src', import.meta.url));
const sources: Sources = new Map(
	globSync('**/*.ts', {cwd: src}).map(path => [path.split(sep).join('/'), readFileSync(join(src, path), 'utf8')]),
);

describe('the house', () => {
	it('keeps its layers apart', () => {
		expect(sources.size).toBeGreaterThan(50);
		expect(findBreaches(sources)).toEqual([]);
	});

	it('imports only files that are there', () => {
		const internal = [...sources]
			.flatMap(([path, source]) => readImports(path, source))
			.filter(({isInternal, target}) => isInternal && target?.endsWith('.ts'));
		expect(internal.length).toBeGreaterThan(100);
		expect(internal.filter(({target}) => !sources.has(target ?? '')).map(({from, target}) => `${from} -> ${target}`)).toEqual([]);
	});

	it('loads neither threads nor codecs nor flows with the library', () => {
		const loaded = [...reach(sources, 'index.ts', {isLazy: false})];
		expect(loaded).toContain('lanes/run.ts');
		expect(loaded.filter(path => ['piscina', 'sharp', 'thumbhash', 'commander'].includes(path) || /^(?:flows|cli)\//u.test(path))).toEqual(
			[],
		);
	});

	it('lets the command line reach the threads and the codecs only when they are needed', () => {
		expect(reach(sources, 'flows/thumbnail/transform.ts', {isLazy: false})).toContain('sharp');
		expect(reach(sources, 'adapters/pool/pool.ts', {isLazy: true})).toContain('piscina');
		expect(reach(sources, 'adapters/pool/pool.ts', {isLazy: false})).not.toContain('piscina');
	});
});

describe('the check itself', () => {
	const breachesOf = (path: string, source: string) => findBreaches(new Map([[path, source]]));

	it.each([
		['lanes/x.ts', "import {readFile} from 'node:fs';", 'lanes/x.ts imports node:fs'],
		['lanes/x.ts', "const fs = require('node:fs');", 'lanes/x.ts imports node:fs'],
		['lanes/x.ts', "import 'zod';", 'lanes/x.ts imports zod'],
		['lanes/x.ts', "export * from '../manifest/a.ts';", 'lanes/x.ts imports manifest/a.ts'],
		['lanes/x.ts', "import {\n\ta,\n\tb,\n} from '../adapters/pool/pool.ts';", 'lanes/x.ts imports adapters/pool/pool.ts'],
		['lanes/x.ts', "const late = async () => import('piscina');", 'lanes/x.ts imports piscina'],
		['lanes/x.ts', 'const late = async () => import(`piscina`);', 'lanes/x.ts imports piscina'],
		['lanes/x.ts', 'export const late = (name: string) => import(name);', 'lanes/x.ts imports something computed'],
		['lanes/x.ts', "import {type A} from 'undici';", 'lanes/x.ts imports undici'],
		['lanes/x.ts', 'export const nowMs = () => Date.now();', 'lanes/x.ts uses Date.now'],
		['lanes/x.ts', 'export const nowMs = () => performance.now();', 'lanes/x.ts uses performance.n'],
		['lanes/x.ts', 'export const now = () => new Date();', 'lanes/x.ts uses new Date'],
		['runs/x.ts', 'export const now = () => new Date( );', 'runs/x.ts uses new Date'],
		['runs/x.ts', 'export const now = () => new Date;', 'runs/x.ts uses new Date'],
		['runs/x.ts', 'export const nowMs = () => Date.now();', 'runs/x.ts uses Date.now'],
		['runs/x.ts', 'export const draw = () => Math.random();', 'runs/x.ts uses Math.random'],
		['runs/x.ts', 'setInterval(() => {}, 1);', 'runs/x.ts uses setInterval('],
		['lanes/x.ts', 'setTimeout(() => {}, 1);', 'lanes/x.ts uses setTimeout('],
		['lanes/x.ts', 'export const a = process.argv;', 'lanes/x.ts uses process.a'],
		['manifest/x.ts', "import {open} from '../adapters/files/reader.ts';", 'manifest/x.ts imports adapters/files/reader.ts'],
		['manifest/x.ts', "import {createHash} from 'node:crypto';", 'manifest/x.ts imports node:crypto'],
		['runs/x.ts', "import {join} from 'node:path';", 'runs/x.ts imports node:path'],
		['runs/x.ts', "import {openPlace} from '../local/place.ts';", 'runs/x.ts imports local/place.ts'],
		['runs/x.ts', "import {pinSource} from '../sources/pin-source.ts';", 'runs/x.ts imports sources/pin-source.ts'],
		['manifest/x.ts', "import {layout} from '../runs/layout.ts';", 'manifest/x.ts imports runs/layout.ts'],
		['adapters/directory/x.ts', "import {layout} from '../../runs/layout.ts';", 'adapters/directory/x.ts imports runs/layout.ts'],
		['adapters/http/x.ts', "import {a} from '../files/reader.ts';", 'adapters/http/x.ts imports adapters/files/reader.ts'],
		['adapters/http/x.ts', "import {a} from '../../lanes/run.ts';", 'adapters/http/x.ts imports lanes/run.ts'],
		['adapters/files/x.ts', "import {request} from 'undici';", 'adapters/files/x.ts imports undici'],
		['adapters/http/x.ts', 'export const proxy = process.env.HTTPS_PROXY;', 'adapters/http/x.ts reads process.env'],
		['flows/thumbnail/x.ts', "import {a} from '../other/a.ts';", 'flows/thumbnail/x.ts imports flows/other/a.ts'],
		['flows/thumbnail/x.ts', "import {Piscina} from 'piscina';", 'flows/thumbnail/x.ts imports piscina'],
		['flows/thumbnail/x.ts', "import {z} from 'zod';", 'flows/thumbnail/x.ts imports zod'],
		['library.ts', "import {main} from './cli/main.ts';", 'library.ts imports cli/main.ts'],
		['local/x.ts', "import {main} from '../cli/main.ts';", 'local/x.ts imports cli/main.ts'],
		['runs/x.ts', "import {api} from '../functions/api.ts';", 'runs/x.ts imports functions/api.ts'],
		['helpers/x.ts', "import 'zod';", 'helpers/x.ts lies in no known room'],
	])('finds in %s: %s', (path, source, breach) => {
		expect(breachesOf(path, source)).toContain(breach);
	});

	it('finds a codec that the main thread would load by a detour', () => {
		const house = new Map([
			['flows/thumbnail/index.ts', "import {sizes} from './sizes.ts';"],
			['flows/thumbnail/sizes.ts', "import sharp from 'sharp';"],
		]);
		expect(findBreaches(house)).toEqual(['flows/thumbnail/index.ts loads sharp outside of the threads']);
	});

	it.each([
		['lanes/x.ts', "import type {A} from 'undici';"],
		['lanes/x.ts', "export type {A} from '../adapters/pool/pool.ts';"],
		['lanes/x.ts', "type Module = typeof import('../flows/thumbnail/transform.ts');"],
		['lanes/x.ts', "/**\n * import {a} from 'sharp';\n */\n// import 'zod'; Date.now()\n"],
		['lanes/x.ts', "import pMap from 'p-map';\nimport {a} from './a.ts';"],
		['lanes/x.ts', "export const advice = 'give the process more memory';"],
		['runs/x.ts', 'export const text = (ms: number) => new Date(ms).toISOString();'],
		['local/x.ts', "import {a} from '../adapters/directory/store.ts';\nimport {b} from '../sources/pin-source.ts';"],
		['cli/x.ts', "import {a} from './main.ts';\nimport {b} from '../flows/thumbnail/index.ts';"],
	])('lets %s have: %s', (path, source) => {
		expect(breachesOf(path, source)).toEqual([]);
	});
});
