import {TwolaneError} from '../../lanes/errors.ts';
import type {ObjectStore} from '../../runs/object-store.ts';
import type {Keys} from './keys.ts';
import {listFiles} from './list-files.ts';
import {hashBytes, hashObject, openObject, readRange, withObject} from './objects.ts';

/** The half of the store that changes nothing, and makes no folder. */
export function readingBelow(
	top: string,
	{pathOf, checkPrefix, onDisk, failure}: Keys,
): Pick<ObjectStore, 'get' | 'head' | 'read' | 'list'> {
	return {
		async get(key) {
			const path = pathOf(key);
			const body = await onDisk(key, 'read', () => withObject(path, ({file}) => file.readFile()));
			return body && {body, etag: hashBytes(body), metadata: {}};
		},

		async head(key) {
			const path = pathOf(key);
			const etag = await onDisk(key, 'read', () => withObject(path, hashObject));
			return etag === undefined ? undefined : {etag, metadata: {}};
		},

		async *read(key, range) {
			const path = pathOf(key);
			const object = await onDisk(key, 'read', () => openObject(path));
			if (object === undefined) {
				throw new TwolaneError('STORE_FAILED', `${key} could not be read below ${top}: there is no such file`, {retryable: false});
			}
			try {
				yield* readRange(object, range);
			} catch (error) {
				throw failure(error, key, 'read');
			} finally {
				await object.file.close();
			}
		},

		async *list(prefix, {after} = {}) {
			checkPrefix(prefix);
			try {
				yield* listFiles(top, prefix, after);
			} catch (error) {
				throw failure(error, prefix, 'listed');
			}
		},
	};
}
