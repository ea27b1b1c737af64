import {execFileSync} from 'node:child_process';
import {cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';

export type Architecture = 'arm64' | 'x86_64';

const root = resolve(import.meta.dirname, '../..');
const nodeArch = {arm64: 'arm64', x86_64: 'x64'} as const;
const hostFolder = join(root, 'node_modules');
/** What the threads' packages need at run time, besides sharp's binaries. */
const portable = ['piscina', 'sharp', 'detect-libc', 'semver', '@img/colour'];
const leftOut =
	/(?:^|\/)(?:src|test|test-jest|docs|benchmark|scripts|install|examples?|bin|build)\/|\.(?:d\.[cm]?ts|map|md|ts|txt|cc|h|yml)$/u;

/** Copies piscina and sharp, for the architecture, into the bundle's `node_modules`. */
export function copyPackages(architecture: Architecture, bundleFolder: string): void {
	const native = [`@img/sharp-linux-${nodeArch[architecture]}`, `@img/sharp-libvips-linux-${nodeArch[architecture]}`];
	const nativeFolder = native.every(name => existsSync(join(hostFolder, name))) ? hostFolder : fetchSharp(architecture);
	for (const name of portable) copyPackage(join(hostFolder, name), join(bundleFolder, 'node_modules', name));
	for (const name of native) copyPackage(join(nativeFolder, name), join(bundleFolder, 'node_modules', name));
}

function copyPackage(from: string, to: string): void {
	cpSync(from, to, {
		recursive: true,
		dereference: true,
		filter: source => source === from || !leftOut.test(`${source.slice(from.length + 1)}${isFolder(source) ? '/' : ''}`),
	});
}

const isFolder = (path: string): boolean => statSync(path).isDirectory();

/** The binaries of another architecture, from the registry that npm is set to; kept until sharp changes. */
function fetchSharp(architecture: Architecture): string {
	const {version} = JSON.parse(readFileSync(join(hostFolder, 'sharp/package.json'), 'utf8')) as {readonly version: string};
	const cache = join(hostFolder, '.cache/twolane', `sharp-${version}-linux-${architecture}`);
	if (existsSync(cache)) return join(cache, 'node_modules');
	const making = `${cache}.${process.pid}`;
	mkdirSync(making, {recursive: true});
	writeFileSync(join(making, 'package.json'), '{"private": true}\n');
	process.stderr.write(`fetching sharp ${version} for linux ${architecture} ...\n`);
	const target = ['--os=linux', '--libc=glibc', `--cpu=${nodeArch[architecture]}`];
	try {
		const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock'];
		execFileSync('npm', ['install', ...target, ...quiet, `sharp@${version}`], {cwd: making, stdio: ['ignore', 'ignore', 'inherit']});
		renameSync(making, cache);
	} finally {
		rmSync(making, {recursive: true, force: true});
	}
	return join(cache, 'node_modules');
}
