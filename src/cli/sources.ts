import {createReadStream} from 'node:fs';
import {stat} from 'node:fs/promises';
import {basename, dirname, join, resolve} from 'node:path';
import {addAbortSignal} from 'node:stream';
import {walkFolder} from '../adapters/files/walk-folder.ts';
import {TwolaneError} from '../lanes/errors.ts';
import type {ManifestRow} from '../manifest/manifest-row.ts';
import type {ManifestSource} from '../manifest/plan-items.ts';
import {readRows} from '../manifest/read-rows.ts';
import {type CommandError, placeError, usageError} from './failure.ts';

export interface SourceOptions {
	/** Absolute folders that a folder source leaves out: the run's own `--out` and state. */
	readonly exclude: readonly string[];
	/** Of several sources, a folder's name is part of its files' ids: `a/x.jpg` and `b/x.jpg` are two items. */
	readonly isOneOfMany: boolean;
	/** The files of a folder that the flow takes; default: all. */
	readonly extensions?: readonly string[] | undefined;
	readonly allowOrigins: readonly string[];
	/** Ends the reading of a source with an error. */
	readonly signal: AbortSignal;
	/** Called with each file of a folder that the flow does not take. */
	readonly onLeftOut: (path: string) => void;
}

/** Opens what SOURCE names: a manifest, standard input, a folder or a URL. Nothing is read yet, but a wrong name is found here. */
export async function openSource(source: string, options: SourceOptions): Promise<ManifestSource> {
	if (source === '-') return {name: 'stdin', rows: readRows(readStdin(options), {name: 'stdin'}), resolveFile: path => resolve(path)};
	if (source.startsWith('s3://'))
		throw usageError(`${source}: this version reads files, folders, http(s) URLs and standard input, not s3://.`);
	if (/^https?:\/\//iu.test(source)) return openUrlSource(source, options);
	if (/^[a-z][a-z0-9+.-]+:\/\//iu.test(source)) throw usageError(`${source}: only http and https URLs can be read.`);
	return await openPath(source, options);
}

async function openPath(source: string, options: SourceOptions): Promise<ManifestSource> {
	const path = resolve(source);
	const stats = await stat(path).catch((error: unknown) => {
		throw unreadable(source, error);
	});
	if (stats.isDirectory() && options.exclude.includes(path)) {
		throw usageError(`${source} is also --out: its outputs would be the items of the next run. Name a folder below it, or elsewhere.`);
	}
	if (stats.isDirectory())
		return {
			name: source,
			rows: readFolder(path, {...options, prefix: options.isOneOfMany ? `${source.replace(/\/+$/u, '')}/` : ''}),
			resolveFile: file => join(path, file),
		};
	const name = basename(path);
	return {name: source, rows: readRows(readManifest(path, source, options), {name}), resolveFile: file => resolve(dirname(path), file)};
}

// Opened when its turn comes: a stream that is aborted before anybody reads it would end the process with its error.
async function* readStdin({signal}: SourceOptions): AsyncGenerator<Uint8Array> {
	yield* addAbortSignal(signal, process.stdin);
}

async function* readManifest(path: string, source: string, {signal}: SourceOptions): AsyncGenerator<Uint8Array> {
	try {
		yield* createReadStream(path, {signal});
	} catch (error) {
		throw unreadable(source, error);
	}
}

const unreadable = (source: string, error: unknown): CommandError =>
	placeError(`${source} cannot be read: ${reasonOf(error)}. Give a manifest, a folder, a URL, or - for standard input.`, error);

function openUrlSource(url: string, {allowOrigins, signal}: SourceOptions): ManifestSource {
	if (!URL.canParse(url)) throw usageError(`${url} is not a URL.`);
	const {origin, pathname} = new URL(url);
	const name = `${origin}${pathname}`;
	const readBody = async function* (): AsyncGenerator<Uint8Array> {
		const {openUrl} = await import('../adapters/http/open-url.ts');
		const manifest = await openUrl(url, {signal, allowOrigins});
		try {
			yield* manifest.body;
		} finally {
			await manifest[Symbol.asyncDispose]();
		}
	};
	return {name, rows: readRows(readBody(), {name}), resolveFile: refuseFile};
}

/** A list from the web must not name files of this machine. */
function refuseFile(path: string): never {
	throw new TwolaneError('FILE_DENIED', `'${path}': a manifest that comes from a URL may not name files`);
}

const FILES_PER_BATCH = 1000;

async function* readFolder(
	root: string,
	{exclude, extensions, onLeftOut, signal, prefix}: SourceOptions & {readonly prefix: string},
): AsyncGenerator<readonly ManifestRow[]> {
	let batch: ManifestRow[] = [];
	let line = 0;
	for await (const file of walkFolder({root, leaveOutWith: '.twolane', exclude, onLeftOut, ...(extensions && {extensions})})) {
		signal.throwIfAborted();
		batch.push({line: ++line, value: prefix === '' ? {file} : {id: prefix + file, file}});
		if (batch.length < FILES_PER_BATCH) continue;
		yield batch;
		batch = [];
	}
	yield batch;
}

const reasons: Readonly<Record<string, string>> = {
	ENOENT: 'it does not exist',
	EACCES: 'access is denied',
	EPERM: 'access is denied',
	EROFS: 'the disk is read-only',
	EEXIST: 'a file of this name is in the way',
	ENOTDIR: 'a part of the path is not a folder',
};

/** A system error in words. */
export function reasonOf(error: unknown): string {
	const {code, message} = (error ?? {}) as {code?: unknown; message?: unknown};
	return (typeof code === 'string' ? reasons[code] : undefined) ?? String(message ?? error);
}
