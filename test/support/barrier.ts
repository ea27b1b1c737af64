/** Lets a test hold work at a point: whoever waits goes on when the test opens it. */
export interface Barrier {
	/** How many have arrived. */
	readonly arrived: number;
	wait(): Promise<void>;
	open(): void;
	/** Resolves when `count` have arrived. */
	reached(count: number): Promise<void>;
}

export function createBarrier(): Barrier {
	const {promise: opened, resolve: open} = Promise.withResolvers<void>();
	const watchers = new Set<() => void>();
	let arrived = 0;
	return {
		get arrived() {
			return arrived;
		},
		async wait() {
			arrived++;
			for (const look of watchers) look();
			await opened;
		},
		open,
		reached: count =>
			new Promise(resolve => {
				const look = (): void => {
					if (arrived >= count) resolve();
				};
				watchers.add(look);
				look();
			}),
	};
}
