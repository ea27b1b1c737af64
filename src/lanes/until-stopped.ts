import type {Shutdown} from './shutdown.ts';

/** The same items, ending at the stop: also while the source keeps us waiting for the next one. */
export function untilStopped(
	source: Iterable<unknown> | AsyncIterable<unknown>,
	shutdown: Shutdown,
): {readonly items: Iterable<unknown> | AsyncIterable<unknown>; readonly isCutShort: () => boolean} {
	let isDone = false;
	const end = {done: true, value: undefined} as const;

	function* takeSync(from: Iterable<unknown>): Generator<unknown> {
		for (const item of from) {
			if (shutdown.isStopping) return;
			yield item;
		}
		isDone = true;
	}

	function takeAsync(from: AsyncIterable<unknown>): AsyncIterator<unknown> {
		const iterator = from[Symbol.asyncIterator]();
		return {
			next: () =>
				new Promise((resolve, reject) => {
					if (shutdown.isStopping) return resolve(end);
					const cancel = shutdown.onStop(() => resolve(end));
					return iterator.next().then(
						result => {
							cancel();
							if (result.done) isDone = true;
							resolve(result);
						},
						(error: unknown) => {
							cancel();
							reject(error);
						},
					);
				}),
			async return() {
				await iterator.return?.();
				return end;
			},
		};
	}

	const items = Symbol.asyncIterator in source ? {[Symbol.asyncIterator]: () => takeAsync(source)} : takeSync(source);
	return {items, isCutShort: () => shutdown.isStopping && !isDone};
}
