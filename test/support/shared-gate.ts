import {cells} from '../fixtures/threads/gate.ts';

/** The test's end of `fixtures/threads/gate.ts`. */
export interface SharedGate {
	readonly state: Int32Array<SharedArrayBuffer>;
	readonly arrived: number;
	/** The most tasks that were in their threads at once. */
	readonly most: number;
	open(): void;
	/** Resolves when `count` tasks have come. */
	reached(count: number): Promise<void>;
}

export function sharedGate(): SharedGate {
	const state = new Int32Array(new SharedArrayBuffer(64));
	return {
		state,
		get arrived() {
			return Atomics.load(state, cells.arrived);
		},
		get most() {
			return Atomics.load(state, cells.most);
		},
		open() {
			Atomics.store(state, cells.isOpen, 1);
			Atomics.notify(state, cells.isOpen);
		},
		async reached(count) {
			for (let now = Atomics.load(state, cells.arrived); now < count; now = Atomics.load(state, cells.arrived)) {
				await Atomics.waitAsync(state, cells.arrived, now).value;
			}
		},
	};
}
