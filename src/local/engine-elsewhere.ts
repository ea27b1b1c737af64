import type {DistributedMapEngine, EngineName, LambdaEngine} from '../runs/engine.ts';
import type {ObjectStore} from '../runs/object-store.ts';
import type {Workers} from './begin-run.ts';

/** An engine whose workers are other machines. */
export type EngineElsewhere = LambdaEngine | DistributedMapEngine;

/** `undefined`: this process works itself. @throws TypeError for an engine that is none of ours, or that cannot reach the records. */
export function checkEngine(engine: {readonly name: EngineName}, {isShared, uri}: ObjectStore): EngineElsewhere | undefined {
	const {name} = engine;
	if (name === 'in-process') return undefined;
	const isOurs = (name === 'lambda' && 'invoke' in engine) || (name === 'distributed-map' && 'start' in engine && 'look' in engine);
	if (!isOurs) throw new TypeError('engine must be one of twolane/aws: lambdaEngine({...}) or distributedMapEngine({...}).');
	const reach = `the engine '${name}' reads the run's records from S3, and out is ${uri}: give it an s3Store of twolane/aws.`;
	if (!isShared) throw new TypeError(reach);
	return engine as EngineElsewhere;
}

const DEFAULT_WORKERS = 50;

export function workersOf(engine: EngineElsewhere): Workers {
	const most = engine.name === 'lambda' ? engine.maxWorkers : undefined;
	return {engine: engine.name, maxWorkers: most ?? DEFAULT_WORKERS};
}
