import {createHash, type Hash} from 'node:crypto';
import {createReadStream, type Stats} from 'node:fs';
import {stat} from 'node:fs/promises';
import {basename, resolve} from 'node:path';
import {addAbortSignal} from 'node:stream';
import {layout} from '../runs/layout.ts';
import type {RunPorts} from '../runs/ports.ts';
import type {PinnedSource} from '../runs/spec.ts';
import {readFolder} from './folder.ts';
import {checkS3, pinS3} from './pin-s3.ts';
import {NO_BASE, type SourceOptions, unreadable} from './source-options.ts';
import {writeItems} from './write-items.ts';

/** What names the items of a run: SOURCE of the command line, or items themselves. */
export type SourceWord = string | {readonly name: string; readonly items: Iterable<unknown> | AsyncIterable<unknown>};

type PinPorts = Pick<RunPorts, 'state' | 'token'>;

/**
 * Reads a source once, to know what it is: whatever cannot be read twice is kept below the state until the run is planned.
 * @throws TypeError for a word that names no source; TwolaneError `SOURCE_UNREADABLE`, or an error of the web.
 */
export async function pinSource(ports: PinPorts, source: SourceWord, options: SourceOptions): Promise<PinnedSource> {
	options.signal?.throwIfAborted();
	if (typeof source !== 'string')
		return await spool(ports, {kind: 'iterable', name: source.name, base: baseOf(options), bytes: writeItems(source.items, options)});
	checkWord(source);
	if (source === '-') return await spool(ports, {kind: 'stdin', name: 'stdin', base: baseOf(options), bytes: readStdin(options)});
	if (isWebUrl(source)) return await pinUrl(ports, source, options);
	if (isS3(source)) return await pinS3(source, options);
	return await pinPath(ports, source, options);
}

const isWebUrl = (word: string): boolean => /^https?:\/\//iu.test(word);
const isS3 = (word: string): boolean => word.startsWith('s3://');

/** @throws TypeError for a word that names no source, whatever the disk and the web hold. */
export function checkWord(word: string): void {
	if (isS3(word)) return checkS3(word);
	if (isWebUrl(word) && !URL.canParse(word)) throw new TypeError(`${word} is not a URL.`);
	if (!isWebUrl(word) && /^[a-z][a-z0-9+.-]+:\/\//iu.test(word)) throw new TypeError(`${word}: only http, https and s3 URLs can be read.`);
}

async function pinPath(ports: PinPorts, source: string, options: SourceOptions): Promise<PinnedSource> {
	const path = resolve(source);
	const stats: Stats = await stat(path).catch((error: unknown) => {
		throw unreadable(source, error);
	});
	if (stats.isDirectory()) return await pinFolder(path, source, options);
	const bytes = readBytes(path, source, options);
	// A pipe, such as the shell's <(...), gives its bytes once.
	const isKept = options.isElsewhere === true || !stats.isFile();
	if (isKept) return await spool(ports, {kind: 'stdin', name: source, base: baseOf(options), bytes});
	return {kind: 'file', name: source, path, sha256: await digest(bytes)};
}

async function pinFolder(path: string, source: string, options: SourceOptions): Promise<PinnedSource> {
	if (options.isElsewhere) throw new TypeError(describeUpload(source, options));
	if (options.exclude.includes(path)) {
		throw new TypeError(`${source} is also --out: its outputs would be the items of the next run. Name a folder below it, or elsewhere.`);
	}
	const prefix = options.isOneOfMany ? `${source.replace(/\/+$/u, '')}/` : '';
	let sha256 = '';
	// What is left out is told when the run is planned.
	const silent = {...options, onLeftOut: undefined, onEnd: (listing: string) => void (sha256 = listing)};
	for await (const _ of readFolder({root: path, prefix}, silent));
	return {kind: 'folder', name: source, path, prefix, sha256};
}

async function pinUrl(ports: PinPorts, url: string, {signal, allowOrigins}: SourceOptions): Promise<PinnedSource> {
	const {origin, pathname} = new URL(url);
	const readBody = async function* (): AsyncGenerator<Uint8Array> {
		const {openUrl} = await import('../adapters/http/open-url.ts');
		const manifest = await openUrl(url, {signal: signal ?? new AbortController().signal, allowOrigins});
		try {
			yield* manifest.body;
		} finally {
			await manifest[Symbol.asyncDispose]();
		}
	};
	return await spool(ports, {kind: 'url', name: `${origin}${pathname}`, base: resolve(''), bytes: readBody()});
}

/** What its files are relative to; nothing, where nobody could open them. */
const baseOf = ({isElsewhere}: SourceOptions): string => (isElsewhere ? NO_BASE : resolve(''));

/** A stack reads its own bucket, so that is the place to suggest. */
function describeUpload(folder: string, {exclude}: SourceOptions): string {
	const [, bucket = 'BUCKET'] = /^s3:\/\/([^/]+)/u.exec(exclude[0] ?? '') ?? [];
	const place = `s3://${bucket}/${basename(resolve(folder))}/`;
	return `${folder} is a folder of this machine, which no stack can read: aws s3 sync ${folder} ${place}, then name ${place} as the source.`;
}

interface Spooling {
	readonly kind: 'stdin' | 'iterable' | 'url';
	readonly name: string;
	readonly base: string;
	readonly bytes: AsyncIterable<Uint8Array>;
}

async function spool({state, token}: PinPorts, {kind, name, base, bytes}: Spooling): Promise<PinnedSource> {
	const sha256 = createHash('sha256');
	const key = layout.spool(token());
	await state.write(key, hashed(bytes, sha256));
	return {kind, name, base, sha256: sha256.digest('hex'), spool: key};
}

export async function* hashed(bytes: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
	for await (const chunk of bytes) {
		hash.update(chunk);
		yield chunk;
	}
}

async function digest(bytes: AsyncIterable<Uint8Array>): Promise<string> {
	const sha256 = createHash('sha256');
	for await (const chunk of bytes) sha256.update(chunk);
	return sha256.digest('hex');
}

// Opened when its turn comes: a stream that is aborted before anybody reads it would end the process with its error.
async function* readStdin({signal}: SourceOptions): AsyncGenerator<Uint8Array> {
	yield* signal ? addAbortSignal(signal, process.stdin) : process.stdin;
}

export async function* readBytes(path: string, source: string, {signal}: Pick<SourceOptions, 'signal'>): AsyncGenerator<Uint8Array> {
	try {
		yield* createReadStream(path, {...(signal && {signal})});
	} catch (error) {
		throw signal?.aborted ? signal.reason : unreadable(source, error);
	}
}
