import {extname} from 'node:path';
import type {SourceOptions} from './source-options.ts';

export interface S3Folder {
	readonly bucket: string;
	/** With `/` at its end, or empty. */
	readonly prefix: string;
}

const STATE = '.twolane';
const isOutputPath = /^(?:[0-9a-f]{2}|\.twolane)\//u;

/**
 * Which keys below a prefix are items: as in a folder no dot-names, and nothing that a run has written, of this `out` or of another one
 * whose records lie beside its outputs.
 */
export function chooseKeys(
	{bucket, prefix}: S3Folder,
	{exclude, extensions, onLeftOut}: Pick<SourceOptions, 'exclude' | 'extensions' | 'onLeftOut'>,
): (key: string) => boolean {
	const own = exclude.filter(place => place.startsWith('s3://')).map(withSlash);
	const source = `s3://${bucket}/${prefix}`;
	const isOwn = (address: string): boolean =>
		own.some(place => address.startsWith(place) && (isBelow(place, source) || isOutputPath.test(address.slice(place.length))));
	const wanted = extensions && new Set(extensions);
	let outputs: string | undefined;
	return key => {
		const path = key.slice(prefix.length);
		const at = path.indexOf(`/${STATE}/`);
		// Keys come in the order of their bytes, and there `.twolane/` is ahead of the outputs beside it.
		if (at >= 0) outputs = path.slice(0, at + 1);
		if (path === '' || key.endsWith('/') || /(?:^|\/)\./u.test(path)) return false;
		if (outputs !== undefined && path.startsWith(outputs)) return false;
		if (isOwn(`s3://${bucket}/${key}`)) return false;
		if (wanted === undefined || wanted.has(extname(key).slice(1).toLowerCase())) return true;
		onLeftOut?.(key);
		return false;
	};
}

/** Whether what a run writes would lie below its own source. */
export function isFedByOutputs({bucket, prefix}: S3Folder, exclude: readonly string[]): boolean {
	const source = `s3://${bucket}/${prefix}`;
	return exclude.some(place => {
		const out = withSlash(place);
		return source === out || (source.startsWith(out) && isOutputPath.test(source.slice(out.length)));
	});
}

const isBelow = (place: string, source: string): boolean => place.startsWith(source) && place !== source;

const withSlash = (place: string): string => `${place.replace(/\/+$/u, '')}/`;
