import type {SourceOptions} from './source-options.ts';

const LINES_PER_CHUNK = 500;

type Items = Iterable<unknown> | AsyncIterable<unknown>;

/** Items of a program as JSON lines. @throws TypeError for an item that is not JSON; the signal's reason, also while the items keep us waiting. */
export async function* writeItems(items: Items, {signal}: Pick<SourceOptions, 'signal'>): AsyncGenerator<Uint8Array> {
	let lines: string[] = [];
	let n = 0;
	for await (const batch of Symbol.asyncIterator in items ? pullAsync(items, signal) : pullSync(items, signal)) {
		for (const item of batch) lines.push(writeItem(item, n++));
		if (lines.length < LINES_PER_CHUNK) continue;
		yield Buffer.from(lines.join(''));
		lines = [];
	}
	yield Buffer.from(lines.join(''));
}

function* pullSync(items: Iterable<unknown>, signal: AbortSignal | undefined): Generator<readonly unknown[]> {
	let batch: unknown[] = [];
	for (const item of items) {
		signal?.throwIfAborted();
		if (batch.push(item) < LINES_PER_CHUNK) continue;
		yield batch;
		batch = [];
	}
	yield batch;
}

/** One by one: whoever made them may wait for something. */
async function* pullAsync(items: AsyncIterable<unknown>, signal: AbortSignal | undefined): AsyncGenerator<readonly unknown[]> {
	const iterator = items[Symbol.asyncIterator]();
	let giveUp = (_: unknown): void => {};
	const abort = (): void => giveUp(signal?.reason);
	signal?.addEventListener('abort', abort, {once: true});
	try {
		for (;;) {
			signal?.throwIfAborted();
			const {done, value} = await new Promise<IteratorResult<unknown>>((resolve, reject) => {
				giveUp = reject;
				iterator.next().then(resolve, reject);
			});
			if (done === true) return;
			yield [value];
		}
	} finally {
		signal?.removeEventListener('abort', abort);
		// Not awaited: what keeps us waiting would do so here, too.
		iterator.return?.().catch(() => {});
	}
}

function writeItem(item: unknown, n: number): string {
	const text = tryJson(item);
	if (text === undefined) throw new TypeError(`item ${n} of the run is not JSON (${typeof item}): a durable run keeps its items.`);
	return `${text}\n`;
}

/** Also `undefined` for what JSON throws at: a BigInt, a circle. */
function tryJson(item: unknown): string | undefined {
	try {
		return JSON.stringify(item);
	} catch {
		return undefined;
	}
}
