import {isMarkedAsUntransferable} from 'node:worker_threads';
import {inspectCargo, isFlat, isScalar} from '../../lanes/border.ts';
import {TwolaneError} from '../../lanes/errors.ts';
import {describeThrown} from '../../lanes/failure.ts';
import type {Task} from '../../lanes/flow.ts';
import type {ThreadCall, ThreadEnding, ThreadFailure} from './messages.ts';
import {resolveOwnPackages} from './own-packages.ts';

type Transform = (input: unknown, task: Task) => unknown;

resolveOwnPackages();
const transforms = new Map<string, Transform>();

// Below this a copy costs less than the bookkeeping of a move, and a small buffer that the flow keeps for itself stays its own.
const MOVE_FROM_BYTES = 64 * 1024;

/** The program of every thread: runs the tasks of one trip, one after another, and answers with data, whatever happens. */
export default async function runTasks(calls: readonly ThreadCall[]): Promise<readonly ThreadEnding[]> {
	const endings: ThreadEnding[] = [];
	const movable = new Set<ArrayBuffer>();
	const isShared = calls.length > 1;
	for (const call of calls) endings.push(await runTask(call, {movable, isShared}));
	return movable.size === 0 ? endings : await move(endings, [...movable]);
}

/** Several tasks may share a trip; what is moved at its end is the same for all. */
interface Trip {
	readonly movable: Set<ArrayBuffer>;
	readonly isShared: boolean;
}

async function runTask([file, id, input, item, options]: ThreadCall, trip: Trip): Promise<ThreadEnding> {
	const startMs = performance.now();
	try {
		const transform = transforms.get(file) ?? (await load(file));
		if (id === undefined) return [undefined, performance.now() - startMs];
		const value = await transform(input, {id, item, options: options ?? {}});
		const runMs = performance.now() - startMs;
		return [isFlat(value) && !trip.isShared ? value : pack(value, trip), runMs];
	} catch (error) {
		return describeFailure(error, performance.now() - startMs);
	}
}

/**
 * Makes a value ready to leave: as it is now, because the module may use it again for the next task of the trip, and with its large
 * buffers ready to be moved. Piscina posts the answer outside of any try, so what cannot be cloned or moved is found here.
 */
function pack(value: unknown, {movable, isShared}: Trip): unknown {
	if (isScalar(value)) return value;
	const buffers = findMovable(value);
	if (buffers.length === 0) return isShared ? structuredClone(value) : value;
	const packed = moveOrCopy(value, buffers);
	for (const buffer of findMovable(packed)) movable.add(buffer);
	return packed;
}

/** The memory of a wasm module looks like any other, but refuses to be moved. */
function moveOrCopy(value: unknown, buffers: readonly ArrayBuffer[]): unknown {
	try {
		return structuredClone(value, {transfer: [...buffers]});
	} catch {
		return structuredClone(value);
	}
}

async function load(file: string): Promise<Transform> {
	let module: {default?: unknown};
	try {
		module = (await import(file)) as {default?: unknown};
	} catch (cause) {
		throw new TwolaneError('TRANSFORM_FAILED', `the transform module ${file} could not be loaded: ${describeThrown(cause)}`, {cause});
	}
	if (typeof module.default !== 'function') {
		throw new TwolaneError('TRANSFORM_FAILED', `the transform module ${file} has no default export that is a function`);
	}
	const transform = module.default as Transform;
	transforms.set(file, transform);
	return transform;
}

function findMovable(value: unknown): readonly ArrayBuffer[] {
	const {buffers, uncloneable} = inspectCargo(value, 'result');
	if (uncloneable !== undefined) {
		throw new TwolaneError('NOT_CLONEABLE', `${uncloneable}, returned by the transform, cannot leave its thread; return plain data`);
	}
	return buffers.filter(buffer => buffer.byteLength >= MOVE_FROM_BYTES && !isMarkedAsUntransferable(buffer));
}

async function move(endings: readonly ThreadEnding[], buffers: readonly ArrayBuffer[]): Promise<readonly ThreadEnding[]> {
	const {default: Piscina} = await import('piscina');
	return Piscina.move({
		get [Piscina.transferableSymbol]() {
			return buffers;
		},
		get [Piscina.valueSymbol]() {
			return endings;
		},
	}) as unknown as readonly ThreadEnding[];
}

function describeFailure(error: unknown, runMs: number): ThreadFailure {
	const {name, code, retryable} = (error ?? {}) as {name?: unknown; code?: unknown; retryable?: unknown};
	// By name: a transform may come with its own copy of the class.
	if (name === 'TwolaneError' && typeof code === 'string') {
		return {code: code, message: describeThrown(error), retryable: retryable === true, runMs};
	}
	return {code: 'TRANSFORM_FAILED', message: describeThrown(error), retryable: false, runMs};
}
