import type {Context} from 'aws-lambda';
import {z} from 'zod';
import {openDeployedLanes} from '../src/deployed/open-lanes.ts';
import {keepHeapSmall} from '../src/deployed/keep-heap-small.ts';
import {openState} from '../src/deployed/open-state.ts';
import type {WorkerAnswer} from '../src/runs/engine.ts';
import {shardSchema} from '../src/runs/plan.ts';
import {workShard} from '../src/runs/work-shard.ts';
import {readConfig} from './config.ts';

const count = z.int().nonnegative();
const callSchema = z.object({
	runId: z.string().min(1),
	generation: count,
	shard: shardSchema,
	life: z.string().min(1),
	budgetMs: z.number().optional(),
});

keepHeapSmall();
const config = readConfig(process.env);
const {ports, ...places} = openState(config);
const {openLanes, isolatedPool, leaveNothing} = openDeployedLanes({...config, ...places});

/** Works on one shard: called by the orchestrator, or by the state machine. */
export async function handler(event: unknown, context: Context): Promise<WorkerAnswer> {
	const remainingMs = context.getRemainingTimeInMillis();
	return await workShard(ports, callSchema.parse(event), {openLanes, isolatedPool, remainingMs}).finally(leaveNothing);
}
