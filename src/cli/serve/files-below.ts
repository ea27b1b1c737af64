import {relative, resolve, sep} from 'node:path';
import type {FilesOfItems} from '../../api/setup.ts';
import {TwolaneError} from '../../lanes/errors.ts';

/** Items may name files below this folder, and no others. */
export const filesBelow = (folder: string): FilesOfItems => ({
	base: resolve(folder),
	resolve(path) {
		const file = resolve(folder, path);
		const way = relative(resolve(folder), file);
		if (way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && resolve(folder, way) === file && !way.includes('\0')) return file;
		throw new TwolaneError('FILE_DENIED', `file: ${JSON.stringify(path)} lies outside of the folder that the server was started in`);
	},
});
