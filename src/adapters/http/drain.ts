import type {Answer} from './exchange.ts';

/** An error page is read to its end when it is this small and comes this soon, so that its connection serves again. */
const DRAIN_BYTES = 64 * 1024;
const DRAIN_MS = 1000;

/** Lets go of a body that nobody wants: a small one is read, a large or slow one closes the connection. */
export async function drain(answer: Answer): Promise<void> {
	if ((answer.length ?? 0) > DRAIN_BYTES) return answer.close();
	const timer = setTimeout(answer.close, DRAIN_MS);
	try {
		let size = 0;
		for (let chunk = await answer.next(); chunk && size <= DRAIN_BYTES; chunk = await answer.next()) size += chunk.length;
	} catch {
		// How the body failed matters less than the status that came before it.
	} finally {
		clearTimeout(timer);
		answer.close();
	}
}
