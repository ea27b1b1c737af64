/** The bytes one item holds. Growth waits for room; `release` gives all of it back, and rejects what still waits. */
export interface Hold {
	grow(bytes: number): Promise<void> | undefined;
	release(): void;
}

export interface ByteGate {
	readonly usedBytes: number;
	/** Whether somebody waits for room: then nothing new should be fetched. */
	readonly isFull: boolean;
	open(): Hold;
}

interface Holder {
	heldBytes: number;
	/** Growths that wait: an item may read several sources at once. */
	waiting: number;
}

interface Waiter {
	readonly holder: Holder;
	readonly bytes: number;
	readonly go: () => void;
	readonly refuse: (reason: Error) => void;
}

/**
 * Couples the lanes by memory: fetched bytes count until their item leaves the transform.
 * First come, first served. When every holder waits for more, the first one gets all it asks for until it ends, whatever the limit
 * says, else nobody would ever move again; so the most in flight is the limit and one more item.
 */
export function createByteGate({limitBytes, onFree}: {readonly limitBytes: number; readonly onFree: () => void}): ByteGate {
	let queue: readonly Waiter[] = [];
	let usedBytes = 0;
	/** Holders that wait for nothing: they, and no others, give room back. */
	let moving = 0;
	let favoured: Holder | undefined;

	const isMoving = ({heldBytes, waiting}: Holder): boolean => heldBytes > 0 && waiting === 0;
	function change(holder: Holder, {bytes = 0, waiting = 0}: {readonly bytes?: number; readonly waiting?: number}): void {
		const wasMoving = isMoving(holder);
		usedBytes += bytes;
		holder.heldBytes += bytes;
		holder.waiting += waiting;
		moving += Number(isMoving(holder)) - Number(wasMoving);
	}

	function pump(): void {
		for (let next = queue[0]; next !== undefined; next = queue[0]) {
			if (moving === 0) favoured = next.holder;
			else if (usedBytes + next.bytes > limitBytes) break;
			const {holder} = next;
			const letIn = holder === favoured ? queue.filter(waiter => waiter.holder === holder) : [next];
			queue = queue.filter(waiter => !letIn.includes(waiter));
			for (const {bytes, go} of letIn) {
				change(holder, {bytes, waiting: -1});
				go();
			}
		}
		onFree();
	}

	function release(holder: Holder): void {
		if (holder.heldBytes === 0 && holder.waiting === 0) return;
		const gone = holder.waiting === 0 ? [] : queue.filter(waiter => waiter.holder === holder);
		if (gone.length > 0) queue = queue.filter(waiter => waiter.holder !== holder);
		if (favoured === holder) favoured = undefined;
		change(holder, {bytes: -holder.heldBytes, waiting: -holder.waiting});
		for (const {refuse} of gone) refuse(new Error('the item ended while its source waited for room in memory'));
		pump();
	}

	return {
		get usedBytes() {
			return usedBytes;
		},
		get isFull() {
			return queue.length > 0;
		},
		open() {
			const holder: Holder = {heldBytes: 0, waiting: 0};
			return {
				grow(bytes) {
					if (holder === favoured || (queue.length === 0 && usedBytes + bytes <= limitBytes)) {
						change(holder, {bytes});
						return undefined;
					}
					return new Promise((go, refuse) => {
						queue = [...queue, {holder, bytes, go, refuse}];
						change(holder, {waiting: 1});
						pump();
					});
				},
				release: () => release(holder),
			};
		},
	};
}
