/** Reads chunks until there is enough of them to judge by, and gives them back in front of the rest. */
export async function takeHead<Chunk>(
	chunks: AsyncIterable<Chunk>,
	{
		empty,
		join,
		isEnough,
	}: {readonly empty: Chunk; readonly join: (a: Chunk, b: Chunk) => Chunk; readonly isEnough: (head: Chunk) => boolean},
): Promise<{readonly head: Chunk; readonly all: AsyncGenerator<Chunk>}> {
	const iterator = chunks[Symbol.asyncIterator]();
	let head = empty;
	while (!isEnough(head)) {
		const next = await iterator.next();
		if (next.done === true) break;
		head = join(head, next.value);
	}
	return {head, all: resume(head, iterator)};
}

async function* resume<Chunk>(head: Chunk, iterator: AsyncIterator<Chunk>): AsyncGenerator<Chunk> {
	try {
		yield head;
		yield* {[Symbol.asyncIterator]: () => iterator};
	} finally {
		// The delegation above closes the iterator only once it has begun.
		await iterator.return?.();
	}
}
