import {type Workers, thisMachine} from '../local/begin-run.ts';
import type {RunSpec} from '../runs/spec.ts';
import {usageError} from './failure.ts';

/** The flags that say who works on a run. */
export interface WorkerFlags {
	/** A deployed stack. */
	readonly on?: string;
	readonly engine?: RunSpec['engine'];
	readonly maxWorkers?: number;
}

/** What a stack does where nothing is said. */
const usual = {engine: 'auto', maxWorkers: 50} as const;

export function readWorkers({on, engine = usual.engine, maxWorkers = usual.maxWorkers}: WorkerFlags): Workers {
	if (on !== undefined) return {engine, maxWorkers, stack: on};
	if (engine === 'auto' || engine === 'in-process') return thisMachine;
	throw usageError(`--engine ${engine} needs --on STACK: worker functions belong to a deployed stack.`);
}
