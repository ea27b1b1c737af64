import {isMarkedAsUntransferable} from 'node:worker_threads';
import {inspectCargo} from '../../lanes/border.ts';
import {TwolaneError} from '../../lanes/errors.ts';
import type {Task} from '../../lanes/flow.ts';
import type {ThreadCall, ThreadEnding, ThreadFailure} from './messages.ts';
import {resolveOwnPackages} from './own-packages.ts';

type Made = readonly [value: unknown, runMs: number];
type Transform = (input: unknown, task: Task) => unknown;

resolveOwnPackages();
const transforms = new Map<string, Transform>();

// Below this a copy costs less than the bookkeeping of a move, and a small buffer that the flow keeps for itself stays its own.
const MOVE_FROM_BYTES = 64 * 1024;

/** The program of every thread: runs one task and answers with data, whatever happens. */
export default async function runTask([file, id, input, item, options]: ThreadCall): Promise<ThreadEnding> {
	const startMs = performance.now();
	try {
		const transform = transforms.get(file) ?? (await load(file));
		if (id === undefined) return [undefined, performance.now() - startMs];
		const value = await transform(input, {id, item, options: options ?? {}});
		const ending: Made = [value, performance.now() - startMs];
		return isScalar(value) ? ending : await checkCargo(ending);
	} catch (error) {
		return describeFailure(error, performance.now() - startMs);
	}
}

async function load(file: string): Promise<Transform> {
	let module: {default?: unknown};
	try {
		module = (await import(file)) as {default?: unknown};
	} catch (cause) {
		throw new TwolaneError('TRANSFORM_FAILED', `the transform module ${file} could not be loaded: ${messageOf(cause)}`, {cause});
	}
	if (typeof module.default !== 'function') {
		throw new TwolaneError('TRANSFORM_FAILED', `the transform module ${file} has no default export that is a function`);
	}
	const transform = module.default as Transform;
	transforms.set(file, transform);
	return transform;
}

/** Piscina posts the answer outside of any try: what cannot be cloned or moved would kill the thread, so it is found here. */
async function checkCargo(ending: Made): Promise<ThreadEnding> {
	const {buffers, uncloneable} = inspectCargo(ending[0], 'result');
	if (uncloneable !== undefined) {
		throw new TwolaneError('NOT_CLONEABLE', `${uncloneable}, returned by the transform, cannot leave its thread; return plain data`);
	}
	const movable = buffers.filter(buffer => buffer.byteLength >= MOVE_FROM_BYTES && !isMarkedAsUntransferable(buffer));
	return movable.length === 0 ? ending : await move(ending, movable);
}

async function move(ending: Made, buffers: readonly ArrayBuffer[]): Promise<ThreadEnding> {
	const {default: Piscina} = await import('piscina');
	return Piscina.move({
		get [Piscina.transferableSymbol]() {
			return buffers;
		},
		get [Piscina.valueSymbol]() {
			return ending;
		},
	}) as unknown as ThreadEnding;
}

function describeFailure(error: unknown, runMs: number): ThreadFailure {
	const {name, code, retryable} = (error ?? {}) as {name?: unknown; code?: unknown; retryable?: unknown};
	// By name: a transform may come with its own copy of the class.
	if (name === 'TwolaneError' && typeof code === 'string') {
		return {code: code, message: messageOf(error), retryable: retryable === true, runMs};
	}
	return {code: 'TRANSFORM_FAILED', message: messageOf(error), retryable: false, runMs};
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message || error.name : String(error));
const isScalar = (value: unknown): boolean => value === null || !['object', 'function', 'symbol'].includes(typeof value);
