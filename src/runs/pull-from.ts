/** Values that wait to be pulled; whoever pushes more waits for room. */
const MOST_WAITING = 64;

/** What somebody pushes, as something to iterate. A consumer who breaks off is told by `onBreak`, and waits until the pushing is over. */
export async function* pullFrom<T>(
	push: (emit: (value: T) => Promise<void> | undefined) => Promise<unknown>,
	{onBreak}: {readonly onBreak: () => void},
): AsyncGenerator<T, void> {
	let waiting: T[] = [];
	let wake = (): void => {};
	let makeRoom = (): void => {};
	const state = {isOver: false, isWanted: true};

	function emit(value: T): Promise<void> | undefined {
		if (!state.isWanted) return undefined;
		waiting.push(value);
		wake();
		if (waiting.length < MOST_WAITING) return undefined;
		return new Promise(resolve => (makeRoom = resolve));
	}
	const end = (): void => {
		state.isOver = true;
		wake();
	};
	const pushing = push(emit).finally(end);
	// Awaited below, at whichever end comes first.
	pushing.catch(() => {});

	try {
		while (!state.isOver || waiting.length > 0) {
			const batch = waiting;
			waiting = [];
			makeRoom();
			for (const value of batch) yield value;
			if (!state.isOver && waiting.length === 0) await new Promise<void>(resolve => (wake = resolve));
		}
	} finally {
		state.isWanted = false;
		makeRoom();
		if (!state.isOver) onBreak();
		await pushing;
	}
}
