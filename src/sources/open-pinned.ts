import {createHash} from 'node:crypto';
import {basename, dirname, join, resolve} from 'node:path';
import {TwolaneError} from '../lanes/errors.ts';
import type {ManifestRow} from '../manifest/manifest-row.ts';
import type {ManifestSource} from '../manifest/plan-items.ts';
import {readRows} from '../manifest/read-rows.ts';
import {readLines} from '../runs/lines.ts';
import type {ObjectStore} from '../runs/object-store.ts';
import type {PinnedSource} from '../runs/spec.ts';
import {readFolder} from './folder.ts';
import {hashed, readBytes} from './pin-source.ts';
import {readS3Manifest} from './s3-manifest.ts';
import {readS3Prefix} from './s3-prefix.ts';
import {NO_BASE, type SourceOptions, changed, requireS3} from './source-options.ts';

/** The rows of a pinned source. Reading them to the end throws `MANIFEST_CHANGED` when it is not what it was. */
export function openPinned(state: ObjectStore, pin: PinnedSource, options: SourceOptions): ManifestSource {
	const {name} = pin;
	switch (pin.kind) {
		case 'file': {
			const rows = readRows(verified(pin, readBytes(pin.path, name, options)), {name: basename(pin.path)});
			return {name, rows, resolveFile: file => resolve(dirname(pin.path), file)};
		}
		case 'folder':
			return {name, rows: readVerifiedFolder(pin, options), resolveFile: file => join(pin.path, file)};
		case 'iterable':
			return {name, rows: readItems(verified(pin, state.read(pin.spool))), resolveFile: fromBase(pin.base)};
		case 'stdin':
			return {name, rows: readRows(verified(pin, state.read(pin.spool)), {name}), resolveFile: fromBase(pin.base)};
		case 'url':
			return {name, rows: readRows(verified(pin, state.read(pin.spool)), {name}), resolveFile: refuseFile('a URL')};
		case 's3-object':
			return {name, rows: readS3Manifest(pin, {...options, name, s3: requireS3(options, name)}), resolveFile: refuseFile('S3')};
		case 's3-prefix':
			return {name, rows: readVerifiedPrefix(pin, options), resolveFile: refuseFile('S3')};
		default:
			return pin satisfies never;
	}
}

async function* verified(
	{name, sha256}: Pick<PinnedSource & {readonly sha256: string}, 'name' | 'sha256'>,
	bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
	const hash = createHash('sha256');
	yield* hashed(bytes, hash);
	if (hash.digest('hex') !== sha256) throw changed(name);
}

async function* readVerifiedFolder(
	{name, path, prefix, sha256}: PinnedSource & {readonly kind: 'folder'},
	options: SourceOptions,
): AsyncGenerator<readonly ManifestRow[]> {
	let listing = '';
	yield* readFolder({root: path, prefix}, {...options, onEnd: found => void (listing = found)});
	if (listing !== sha256) throw changed(name);
}

async function* readVerifiedPrefix(
	{name, bucket, prefix, sha256}: PinnedSource & {readonly kind: 's3-prefix'},
	options: SourceOptions,
): AsyncGenerator<readonly ManifestRow[]> {
	let listing = '';
	const onEnd = (found: string) => void (listing = found);
	yield* readS3Prefix({bucket, prefix}, {...options, s3: requireS3(options, name), onEnd});
	if (listing !== sha256) throw changed(name);
}

/** Items that a program gave: each is what it is, whatever it looks like. */
async function* readItems(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<readonly ManifestRow[]> {
	let line = 0;
	for await (const lines of readLines(bytes)) yield lines.map(text => ({line: ++line, value: JSON.parse(text) as unknown}));
}

const fromBase =
	(base: string) =>
	(path: string): string => {
		if (base !== NO_BASE) return resolve(base, path);
		throw new TwolaneError('FILE_DENIED', `'${path}': a stack cannot read files of another machine: upload it, and name it as s3`);
	};

/** A list from elsewhere must not name files of this machine. */
const refuseFile =
	(origin: string) =>
	(path: string): never => {
		throw new TwolaneError('FILE_DENIED', `'${path}': a manifest that comes from ${origin} may not name files`);
	};
