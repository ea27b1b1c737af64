import {createHash} from 'node:crypto';
import type {Store} from '../../src/lanes/ports.ts';

/** A store that keeps what it is given, after asking the test whether it may. */
export interface MemoryStore extends Store {
	readonly files: ReadonlyMap<string, Uint8Array>;
}

export function memoryStore(beforePut: (key: string) => void | Promise<void> = () => {}): MemoryStore {
	const files = new Map<string, Uint8Array>();
	return {
		uri: 'memory:',
		files,
		async put(key, body) {
			await beforePut(key);
			files.set(key, body);
			return {sha256: createHash('sha256').update(body).digest('hex')};
		},
	};
}
