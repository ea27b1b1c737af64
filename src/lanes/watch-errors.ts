/** The same chunks; `isOwn` tells an error of theirs from one of the place they go to. */
export function watchErrors<T>(chunks: AsyncIterable<T>) {
	const own = new Set<unknown>();
	async function* watch(): AsyncGenerator<T> {
		try {
			yield* chunks;
		} catch (error) {
			own.add(error);
			throw error;
		}
	}
	return {watched: watch(), isOwn: (error: unknown): boolean => own.has(error)};
}
