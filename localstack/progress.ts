/** Says what is going on just now. */
export type Say = (what: string) => void;

export interface ProgressStream {
	readonly isTTY?: boolean;
	write(text: string): unknown;
}

const SILENT_MS = 2000;
const LIVE_EVERY_MS = 200;
const PLAIN_EVERY_MS = 4000;
const CLEAR_LINE = '\r\u001B[2K';

/** Shows a task that takes longer than two seconds: one live line on a terminal, elsewhere a plain line every four seconds. */
export async function showProgress<T>(task: (say: Say) => Promise<T>, stream: ProgressStream): Promise<T> {
	const startedAt = performance.now();
	let now = '';
	let isShown = false;
	const show = (): void => {
		const elapsedMs = performance.now() - startedAt;
		if (now === '' || elapsedMs < SILENT_MS) return;
		isShown = true;
		const line = `${now} (${Math.round(elapsedMs / 1000)} s)`;
		stream.write(stream.isTTY ? CLEAR_LINE + line : `${line}\n`);
	};
	const first = setTimeout(show, SILENT_MS);
	const timer = setInterval(show, stream.isTTY ? LIVE_EVERY_MS : PLAIN_EVERY_MS);
	try {
		return await task(what => (now = what));
	} finally {
		clearTimeout(first);
		clearInterval(timer);
		if (isShown && stream.isTTY) stream.write(CLEAR_LINE);
	}
}
