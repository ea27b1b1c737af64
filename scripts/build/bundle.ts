import {existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join, relative, resolve} from 'node:path';
import {type Plugin, build} from 'esbuild';

export interface Bundle {
	readonly name: string;
	/** The function's own module. */
	readonly entry: string;
	/** Modules that run on threads and in child processes, and the packages they need, are part of it. */
	readonly hasThreads: boolean;
	/** Modules to take in the place of others: absolute paths. */
	readonly replaced: ReadonlyMap<string, string>;
}

const root = resolve(import.meta.dirname, '../..');
/** They look for files beside themselves. */
const external = ['piscina', 'sharp'];
// `new URL('./x.ts', import.meta.url)` is how a module names a module that another thread loads.
const moduleUrl = /new URL\((['"])([^'"]+\.ts)\1, import\.meta\.url\)/gu;

/** Bundles a function into a flat folder of `.mjs` files. @returns the modules that threads load, as found in the sources. */
export async function bundle({name, entry, hasThreads, replaced}: Bundle, outFolder: string): Promise<readonly string[]> {
	const found = new Map<string, string>();
	rmSync(outFolder, {recursive: true, force: true});
	mkdirSync(outFolder, {recursive: true});
	for (let known = -1; known < found.size;) {
		known = found.size;
		const {outputFiles} = await build({
			absWorkingDir: root,
			entryPoints: {[name]: entry, ...(hasThreads && Object.fromEntries([...found].map(([path, flat]) => [flat, path])))},
			outdir: outFolder,
			write: false,
			bundle: true,
			splitting: true,
			minify: true,
			format: 'esm',
			platform: 'node',
			target: 'node22.18',
			mainFields: ['module', 'main'],
			chunkNames: 'chunk-[hash]',
			outExtension: {'.js': '.mjs'},
			external,
			legalComments: 'none',
			banner: {js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);"},
			plugins: [flattenModuleUrls(found), replaceModules(replaced)],
			logLevel: 'error',
		});
		if (hasThreads && known !== found.size) continue;
		for (const {path, contents} of outputFiles) writeFileSync(path, contents);
	}
	return [...found.values()];
}

/** All files of a bundle lie in one folder, so a module's URL is right whichever of them names it. */
const flattenModuleUrls = (found: Map<string, string>): Plugin => ({
	name: 'flatten-module-urls',
	setup(building) {
		building.onLoad({filter: /\/(?:src|test\/fixtures)\/.*\.ts$/}, ({path}) => {
			const contents = readFileSync(path, 'utf8').replaceAll(moduleUrl, (whole, quote: string, target: string) => {
				const file = join(dirname(path), target);
				// An example in a text.
				if (!existsSync(file)) return whole;
				const flat = relative(root, file)
					.replace(/^src\//u, '')
					.replace(/\.ts$/u, '')
					.replaceAll('/', '-');
				found.set(file, flat);
				return `new URL(${quote}./${flat}.mjs${quote}, import.meta.url)`;
			});
			return {contents, loader: 'ts'};
		});
	},
});

const replaceModules = (replaced: ReadonlyMap<string, string>): Plugin => ({
	name: 'replace-modules',
	setup(building) {
		building.onResolve({filter: /^\.{1,2}\//}, ({path, resolveDir, importer}) => {
			const other = replaced.get(join(resolveDir, path));
			// The module that stands in for it may build on it.
			return other === undefined || importer === other ? undefined : {path: other};
		});
	},
});
