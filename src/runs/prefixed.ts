import type {ObjectStore} from './object-store.ts';

/** The objects of a store below a prefix, as a store of their own. */
export function prefixed(store: ObjectStore, prefix: string): ObjectStore {
	const keyOf = (key: string): string => prefix + key;
	return {
		uri: `${store.uri.replace(/\/+$/u, '')}/${prefix.replace(/\/+$/u, '')}`,
		isShared: store.isShared,
		put: (key, body, options) => store.put(keyOf(key), body, options),
		create: (key, body, options) => store.create(keyOf(key), body, options),
		replace: (key, body, options) => store.replace(keyOf(key), body, options),
		write: (key, chunks) => store.write(keyOf(key), chunks),
		get: key => store.get(keyOf(key)),
		head: key => store.head(keyOf(key)),
		read: (key, range) => store.read(keyOf(key), range),
		async *list(start, {after} = {}) {
			const options = after === undefined ? {} : {after: keyOf(after)};
			for await (const entry of store.list(keyOf(start), options)) yield {...entry, key: entry.key.slice(prefix.length)};
		},
		remove: key => store.remove(keyOf(key)),
	};
}
