import type {Clock} from './ports.ts';

/** The two ways a run ends early: `stop` drains, `abandon` drops everything. */
export interface Shutdown {
	readonly isStopping: boolean;
	readonly isAbandoned: boolean;
	stop(): void;
	abandon(reason: unknown): void;
	/** Calls back at the stop or the abandon, once; at once if it has come already. Returns the cancel. */
	onStop(callback: () => void): () => void;
	/** Registers work that an abandon must end with the reason. Returns the cancel. */
	onAbandon(callback: (reason: unknown) => void): () => void;
	/** `true` after `ms`; `false` at once when the run stops. */
	sleep(ms: number): Promise<boolean>;
}

export function createShutdown(clock: Clock): Shutdown {
	const stopping = new Set<() => void>();
	const abandoning = new Set<(reason: unknown) => void>();
	let isStopping = false;
	let abandoned: {readonly reason: unknown} | undefined;

	function stop(): void {
		isStopping = true;
		for (const callback of stopping) callback();
		stopping.clear();
	}
	const onStop = (callback: () => void): (() => void) => {
		if (isStopping) callback();
		else stopping.add(callback);
		return () => stopping.delete(callback);
	};

	return {
		get isStopping() {
			return isStopping;
		},
		get isAbandoned() {
			return abandoned !== undefined;
		},
		stop,
		abandon(reason) {
			abandoned ??= {reason};
			stop();
			for (const callback of abandoning) callback(reason);
			abandoning.clear();
		},
		onStop,
		onAbandon(callback) {
			if (abandoned) callback(abandoned.reason);
			else abandoning.add(callback);
			return () => abandoning.delete(callback);
		},
		sleep: ms =>
			new Promise(resolve => {
				let cancelStop: (() => void) | undefined;
				const cancelTimer = clock.after(ms, () => {
					cancelStop?.();
					resolve(true);
				});
				cancelStop = onStop(() => {
					cancelTimer();
					resolve(false);
				});
			}),
	};
}
