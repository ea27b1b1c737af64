import type {Shutdown} from './shutdown.ts';

type Items = Iterable<unknown> | AsyncIterable<unknown>;
type Result = IteratorResult<unknown>;

/** The items of a run, pulled no faster than the lanes can use them. */
export interface PulledItems {
	readonly items: AsyncIterable<unknown>;
	/** An item has left the lanes: there may be room for another one. */
	leave(): void;
}

/**
 * The same items, but each `next()` waits until fewer than `room()` are inside: what is read ahead is memory, and work for the
 * garbage collector. They end at the stop, also while the source keeps us waiting; `onCut` is told that there may be more.
 */
export function pullItems(
	source: Items,
	{shutdown, room, onCut}: {readonly shutdown: Shutdown; readonly room: () => number; readonly onCut: () => void},
): PulledItems {
	const pull = Symbol.asyncIterator in source ? pullAsync(source, shutdown) : pullSync(source);
	const waiting: ((result: Result | Promise<Result>) => void)[] = [];
	let inside = 0;
	let isDone = false;

	function next(): Result | Promise<Result> {
		inside++;
		try {
			return pull.next();
		} catch (error) {
			return Promise.reject(error);
		}
	}
	function cut(): Result {
		if (!isDone) {
			isDone = true;
			onCut();
			pull.return();
		}
		return {done: true, value: undefined};
	}
	shutdown.onStop(() => {
		for (const resolve of waiting.splice(0)) resolve(cut());
	});

	const iterator: AsyncIterator<unknown> = {
		async next() {
			if (shutdown.isStopping) return cut();
			const result = await (waiting.length === 0 && inside < room() ? next() : new Promise<Result>(resolve => waiting.push(resolve)));
			if (result.done) isDone = true;
			return shutdown.isStopping && !result.done ? cut() : result;
		},
		async return() {
			isDone = true;
			pull.return();
			return {done: true, value: undefined};
		},
	};
	return {
		items: {[Symbol.asyncIterator]: () => iterator},
		leave() {
			inside--;
			while (waiting.length > 0 && inside < room()) waiting.shift()?.(next());
		},
	};
}

/** `return` tells the source that nobody wants more; it neither waits nor throws. */
type Pull = {next(): Result | Promise<Result>; return(): void};

function pullSync(source: Iterable<unknown>): Pull {
	const iterator = source[Symbol.iterator]();
	return {
		next: () => iterator.next(),
		return() {
			try {
				iterator.return?.();
			} catch {
				// A generator that stops its own run is still running; it ends with the process, as nobody pulls it again.
			}
		},
	};
}

/** A source may keep us waiting for ever: the stop does not wait for it. */
function pullAsync(source: AsyncIterable<unknown>, shutdown: Shutdown): Pull {
	const iterator = source[Symbol.asyncIterator]();
	return {
		next: () =>
			new Promise((resolve, reject) => {
				const cancel = shutdown.onStop(() => resolve({done: false, value: undefined}));
				iterator.next().then(
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
		// Not awaited: a source that hangs would hang here, too.
		return() {
			iterator.return?.().catch(() => {});
		},
	};
}
