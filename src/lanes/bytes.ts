/** The bytes one item holds. Growth waits for room; `release` gives all of it back. */
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
	isWaiting: boolean;
}

/**
 * Couples the lanes by memory: fetched bytes count until their item leaves the transform.
 * First come, first served. When every holder waits for more, the first one gets it whatever the limit says, else nobody would
 * ever move again; so the most in flight is the limit and one more item.
 */
export function createByteGate({limitBytes, onFree}: {readonly limitBytes: number; readonly onFree: () => void}): ByteGate {
	const queue: {readonly holder: Holder; readonly bytes: number; readonly go: () => void}[] = [];
	let usedBytes = 0;
	let moving = 0;

	const take = (holder: Holder, bytes: number): void => {
		usedBytes += bytes;
		holder.heldBytes += bytes;
	};
	const fits = (bytes: number): boolean => usedBytes + bytes <= limitBytes || moving === 0;

	function pump(): void {
		for (let next = queue[0]; next !== undefined && fits(next.bytes); next = queue[0]) {
			queue.shift();
			next.holder.isWaiting = false;
			moving++;
			take(next.holder, next.bytes);
			next.go();
		}
		onFree();
	}

	return {
		get usedBytes() {
			return usedBytes;
		},
		get isFull() {
			return queue.length > 0;
		},
		open() {
			const holder: Holder = {heldBytes: 0, isWaiting: false};
			return {
				grow(bytes) {
					const isMoving = holder.heldBytes > 0;
					if (queue.length === 0 && usedBytes + bytes <= limitBytes) {
						take(holder, bytes);
						if (!isMoving) moving++;
						return undefined;
					}
					holder.isWaiting = true;
					if (isMoving) moving--;
					return new Promise(go => {
						queue.push({holder, bytes, go});
						pump();
					});
				},
				release() {
					if (holder.isWaiting)
						queue.splice(
							queue.findIndex(waiting => waiting.holder === holder),
							1,
						);
					else if (holder.heldBytes > 0) moving--;
					const freed = holder.heldBytes;
					holder.heldBytes = 0;
					holder.isWaiting = false;
					usedBytes -= freed;
					if (freed > 0 || queue.length > 0) pump();
				},
			};
		},
	};
}
