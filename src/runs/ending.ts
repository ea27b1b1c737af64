import {type Control, readControl} from './control.ts';
import type {RunPorts} from './ports.ts';
import {repeat} from './repeat.ts';

/** How often the run's control is looked at, in milliseconds: a pause or a cancel takes hold within 5 s. */
const CONTROL_EVERY_MS = 4000;

/** The ways a session ends before its items do. */
export interface SessionEnding {
	/** Take no new item: the caller says so, the run's control, or we ourselves. Its reason is the run's. */
	readonly stop: AbortSignal;
	/** Drop what is in flight: the caller says so, something of ours has failed, or the drain took too long. */
	readonly abandon: AbortSignal;
	/** Whether an error only says that the drain took too long. */
	readonly isDrained: (error: unknown) => boolean;
	readonly interrupt: () => void;
	readonly fail: (error: unknown) => void;
	/** Looks at nothing any more. */
	readonly close: () => void;
}

export interface EndingOptions {
	readonly runId: string;
	/** The control under which the session began. */
	readonly control: Control;
	readonly stop?: AbortSignal | undefined;
	readonly signal?: AbortSignal | undefined;
	readonly drainMs?: number | undefined;
}

export function createEnding(
	{state, clock}: Pick<RunPorts, 'state' | 'clock'>,
	{runId, control, stop: callersStop, signal, drainMs}: EndingOptions,
): SessionEnding {
	const stopping = new AbortController();
	const abandoning = new AbortController();
	const stop = anyOf(stopping.signal, callersStop);
	const drained = new Error('what was in flight did not end in time');
	let cancelDrain: (() => void) | undefined;

	const startDrain = (): void => {
		if (drainMs !== undefined) cancelDrain = clock.after(drainMs, () => abandoning.abort(drained));
	};
	if (stop.aborted) startDrain();
	else stop.addEventListener('abort', startDrain, {once: true});

	async function obeyControl(): Promise<void> {
		const told = await readControl({state}, runId, control);
		if (told.k <= control.k || told.state === 'running') return;
		stopping.abort(told.state === 'paused' ? 'PAUSED' : 'CANCELLED');
	}
	const fail = (error: unknown): void => abandoning.abort(error);
	const cancelControl = repeat(clock, CONTROL_EVERY_MS, {step: obeyControl, fail});

	return {
		stop,
		abandon: anyOf(abandoning.signal, signal),
		isDrained: error => error === drained,
		interrupt: () => stopping.abort('INTERRUPTED'),
		fail,
		close() {
			cancelControl();
			cancelDrain?.();
			stop.removeEventListener('abort', startDrain);
		},
	};
}

const anyOf = (own: AbortSignal, other: AbortSignal | undefined): AbortSignal => (other ? AbortSignal.any([own, other]) : own);
