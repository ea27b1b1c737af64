import type {Pool} from 'undici';

/** So many origins are remembered before the idle ones among them are let go: a list may name millions. */
const SWEEP_AT = 1000;

export interface OriginPools {
	readonly size: number;
	of(origin: string): Pool;
	/** Ends every connection at once. */
	destroy(): Promise<void>;
}

/**
 * One connection pool per origin. undici's own Agent does this too, but in version 7 a connection that breaks makes it drop its
 * pool again and again, and from then on every read opens a new connection (nodejs/undici#5034, not in 7.30.2).
 */
export function originPools(open: (origin: string) => Pool): OriginPools {
	const pools = new Map<string, Pool>();
	let sweepAt = SWEEP_AT;

	/** A pool without connection and without request costs nothing to open again. */
	function sweep(): void {
		for (const [origin, pool] of pools) {
			const {connected, size} = pool.stats;
			if (connected === 0 && size === 0) pools.delete(origin);
		}
		sweepAt = Math.max(SWEEP_AT, pools.size * 2);
	}

	return {
		get size() {
			return pools.size;
		},
		of(origin) {
			const known = pools.get(origin);
			if (known) return known;
			if (pools.size >= sweepAt) sweep();
			const pool = open(origin);
			pools.set(origin, pool);
			return pool;
		},
		async destroy() {
			await Promise.all(Array.from(pools.values(), pool => pool.destroy()));
		},
	};
}
