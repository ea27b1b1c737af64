import type {Shutdown} from './shutdown.ts';

type Items = Iterable<unknown> | AsyncIterable<unknown>;
const end = {done: true, value: undefined} as const;

/** The same items, ending at the stop, also while the source keeps us waiting for the next one; `onCut` is told that there may be more. */
export function untilStopped(source: Items, shutdown: Shutdown, onCut: () => void): Items {
	return Symbol.asyncIterator in source
		? {[Symbol.asyncIterator]: () => takeAsync(source, shutdown, onCut)}
		: takeSync(source, shutdown, onCut);
}

function* takeSync(source: Iterable<unknown>, shutdown: Shutdown, onCut: () => void): Generator {
	for (const item of source) {
		if (shutdown.isStopping) return onCut();
		yield item;
	}
}

function takeAsync(source: AsyncIterable<unknown>, shutdown: Shutdown, onCut: () => void): AsyncIterator<unknown> {
	const iterator = source[Symbol.asyncIterator]();
	return {
		next: () =>
			new Promise((resolve, reject) => {
				const cut = (): void => {
					onCut();
					resolve(end);
				};
				if (shutdown.isStopping) return cut();
				const cancel = shutdown.onStop(cut);
				return iterator.next().then(
					result => {
						cancel();
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
