import {lateness} from './faults.ts';

export interface Deadline {
	readonly ms: number;
	/** What the call is called, should it be late. */
	readonly what: string;
	readonly signal?: AbortSignal | undefined;
}

/** Gives the work a signal that aborts when time is up, or somebody wants no more. @throws the caller's reason, or a `TimeoutError`. */
export async function withDeadline<T>({ms, what, signal}: Deadline, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
	signal?.throwIfAborted();
	const controller = new AbortController();
	const late = lateness(what, ms);
	const timer = setTimeout(() => controller.abort(late), ms);
	const pass = (): void => controller.abort(signal?.reason);
	signal?.addEventListener('abort', pass, {once: true});
	try {
		return await work(controller.signal);
	} catch (error) {
		signal?.throwIfAborted();
		throw controller.signal.aborted ? late : error;
	} finally {
		clearTimeout(timer);
		signal?.removeEventListener('abort', pass);
	}
}
