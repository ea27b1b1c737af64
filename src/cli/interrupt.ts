import {leave} from './leave.ts';

const SAME_PRESS_MS = 100;

/**
 * The first Ctrl-C drains, the second one ends at once. A terminal and a wrapper such as npm may both deliver one press, so
 * signals that come together count once.
 */
export function listenForInterrupt(note: (line: string) => void): AbortSignal {
	const controller = new AbortController();
	let pressedMs = Number.NEGATIVE_INFINITY;
	const press = (): void => {
		const nowMs = performance.now();
		if (nowMs - pressedMs < SAME_PRESS_MS) return;
		pressedMs = nowMs;
		if (controller.signal.aborted) return leave(130);
		note('Stopping: what is in flight ends, nothing new starts. Ctrl-C again ends at once.');
		controller.abort('INTERRUPTED');
	};
	process.on('SIGINT', press);
	process.on('SIGTERM', press);
	return controller.signal;
}
