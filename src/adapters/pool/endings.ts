import {inspectCargo} from '../../lanes/border.ts';
import {TwolaneError} from '../../lanes/errors.ts';
import type {CpuCall, CpuEnding} from '../../lanes/ports.ts';
import type {ThreadEnding} from '../thread/messages.ts';

/** Gives a failure that came back as data its class again. */
export function fromThread(ending: ThreadEnding, queueMs: number): CpuEnding {
	if ('code' in ending) {
		const error = new TwolaneError(ending.code, ending.message, {retryable: ending.retryable, stage: 'transform'});
		return {ok: false, error, queueMs, runMs: ending.runMs};
	}
	const [value, runMs] = ending;
	return {ok: true, value, queueMs, runMs};
}

/** Says why a task has no answer. Thread functions fail with data, so whatever rejects is the border, the time limit or a dead thread. */
export function describeLoss(error: unknown, {call, isTimeout}: {readonly call: CpuCall; readonly isTimeout: boolean}): TwolaneError {
	const {name, code, message} = (error ?? {}) as {name?: unknown; code?: unknown; message?: unknown};
	const about = {stage: 'transform', cause: error} as const;
	if (isTimeout) return new TwolaneError('TRANSFORM_TIMEOUT', `the transform did not end within ${call.timeoutMs} ms`, about);
	if (name === 'DataCloneError') {
		const where =
			inspectCargo(call.input, 'input').uncloneable ??
			inspectCargo(call.task.item, 'item').uncloneable ??
			inspectCargo(call.task.options, 'options').uncloneable ??
			'a value';
		return new TwolaneError('NOT_CLONEABLE', `${where} cannot cross to a thread; pass plain data`, about);
	}
	if (code === 'ERR_WORKER_OUT_OF_MEMORY') return new TwolaneError('THREAD_OUT_OF_MEMORY', 'the thread ran out of memory', about);
	return new TwolaneError('THREAD_DIED', `the thread died: ${String(message ?? error)}`, about);
}
