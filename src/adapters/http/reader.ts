import {TwolaneError} from '../../lanes/errors.ts';
import type {Reader} from '../../lanes/ports.ts';
import {httpClient, type HttpOptions} from './client.ts';
import {readWhole} from './read-whole.ts';

/** Reads `{url}` sources: guarded, capped, whole. Dispose it when the last read has ended; an idle one keeps no process alive. */
export function httpReader(options: HttpOptions = {}): Reader & AsyncDisposable {
	const client = httpClient(options);
	return {
		scheme: 'url',
		async read(source, context) {
			if (!('url' in source)) throw new TwolaneError('INTERNAL', 'The http reader was given a source that is not a URL.');
			return readWhole(await client.open(source.url, context.signal), context);
		},
		[Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
	};
}
