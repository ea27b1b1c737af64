import type {Clock} from '../lanes/ports.ts';
import type {ObjectStore} from './object-store.ts';

/** A sha256 that grows; the digest is lower-case hex. */
export interface Sha256Stream {
	update(data: string | Uint8Array): void;
	digest(): string;
}

/** What a run needs from outside. */
export interface RunPorts {
	/** Where records lie; `out` may be another store. */
	readonly state: ObjectStore;
	readonly clock: Clock;
	/** Wall clock, in milliseconds since 1970: for records that people read, never for decisions. */
	readonly wallMs: () => number;
	readonly sha256: (text: string) => string;
	readonly openSha256: () => Sha256Stream;
	/** A name that nobody else draws. */
	readonly token: () => string;
	/** Whether somebody works on the run now; `undefined` where nobody can tell. */
	readonly isWorkedOn?: (runId: string) => Promise<boolean | undefined>;
}
