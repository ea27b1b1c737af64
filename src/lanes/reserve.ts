import type {ReadContext} from './ports.ts';

/** Waits for room, but not longer than the caller wants the bytes at all. */
export async function reserve(bytes: number, context: ReadContext): Promise<void> {
	const {signal} = context;
	signal.throwIfAborted();
	const {promise: aborted, reject} = Promise.withResolvers<never>();
	const onAbort = (): void => reject(signal.reason);
	signal.addEventListener('abort', onAbort, {once: true});
	try {
		await Promise.race([context.reserve(bytes), aborted]);
	} finally {
		signal.removeEventListener('abort', onAbort);
	}
}
