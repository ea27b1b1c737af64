import {join} from 'node:path';
import {TwolaneError} from '../../lanes/errors.ts';
import {type Action, describeFailure} from './failures.ts';

/** The keys of one root as the paths of its files. */
export interface Keys {
	readonly pathOf: (key: string) => string;
	/** Throws where the prefix leads out of the root. */
	readonly checkPrefix: (prefix: string) => void;
	/** Whatever the file system says of the work goes on as our own error. */
	readonly onDisk: <T>(key: string, action: Action, work: () => Promise<T>) => Promise<T>;
	readonly failure: (error: unknown, key: string, action: Action) => TwolaneError;
}

export function keysBelow(top: string): Keys {
	const failure = (error: unknown, key: string, action: Action): TwolaneError => describeFailure(error, key, top, action);
	return {
		pathOf(key) {
			requireInside(key);
			return join(top, key);
		},
		checkPrefix(prefix) {
			requireInside(`${prefix}a`);
		},
		async onDisk(key, action, work) {
			try {
				return await work();
			} catch (error) {
				throw failure(error, key, action);
			}
		},
		failure,
	};
}

/** Keys are made safe before they come here; one that is not is our own bug. */
function requireInside(key: string): void {
	const isSafe = !/[\0\\]/u.test(key) && key.split('/').every(part => part !== '' && part !== '.' && part !== '..');
	if (!isSafe) throw new TwolaneError('INTERNAL', `The key ${JSON.stringify(key)} does not name a file inside the output folder.`);
}
