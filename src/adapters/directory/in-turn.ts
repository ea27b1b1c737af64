const turns = new Map<string, Promise<void>>();

/** Works on one path go one after another, in this thread; the path is forgotten when the last has ended. */
export async function inTurn<T>(path: string, work: () => Promise<T>): Promise<T> {
	const before = turns.get(path);
	const {promise: ended, resolve: end} = Promise.withResolvers<void>();
	turns.set(path, ended);
	try {
		await before;
		return await work();
	} finally {
		if (turns.get(path) === ended) turns.delete(path);
		end();
	}
}
