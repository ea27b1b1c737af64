import {z} from 'zod';
import {findLoop} from '../src/events/triggers.ts';

const whole = z.coerce.number().int().positive();
const list = z
	.string()
	.default('')
	.transform(text => text.split(',').filter(Boolean));

const environment = z.object({
	/** Where outputs go; records lie in `.twolane` below it. */
	TWOLANE_OUT: z.string().regex(/^s3:\/\/[^/]+\/.+$/u),
	TWOLANE_ORCHESTRATOR: z.string().min(1),
	TWOLANE_WORKER: z.string().min(1),
	TWOLANE_STATE_MACHINE: z.string().min(1),
	/** Its own name: its sweep takes up its own runs alone. */
	TWOLANE_STACK: z.string().min(1),
	TWOLANE_MAX_WORKERS: whole.default(50),
	/** Buckets besides our own that items may be read from. */
	TWOLANE_SOURCE_BUCKETS: list,
	/** What stands before the paths of the API: the stage of an API Gateway. */
	TWOLANE_BASE_PATH: z.string().default(''),
	/** Set by Lambda, in MB. */
	AWS_LAMBDA_FUNCTION_MEMORY_SIZE: whole,
});

/** The environment, read and checked once. @throws Error that says which variable is wrong, or that outputs would be inputs again. */
export function readConfig(env: Readonly<Record<string, string | undefined>>) {
	const parsed = environment.safeParse(env);
	if (!parsed.success) throw new Error(`The environment of this function cannot be used: ${z.prettifyError(parsed.error)}`);
	const {data} = parsed;
	const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)\/(.+)$/u.exec(data.TWOLANE_OUT) ?? [];
	const loop = findLoop(prefix);
	if (loop !== undefined) throw new Error(`TWOLANE_OUT is ${data.TWOLANE_OUT}: ${loop}`);
	return {
		out: data.TWOLANE_OUT,
		bucket,
		orchestrator: data.TWOLANE_ORCHESTRATOR,
		worker: data.TWOLANE_WORKER,
		stateMachine: data.TWOLANE_STATE_MACHINE,
		stack: data.TWOLANE_STACK,
		maxWorkers: data.TWOLANE_MAX_WORKERS,
		sourceBuckets: [bucket, ...data.TWOLANE_SOURCE_BUCKETS],
		basePath: data.TWOLANE_BASE_PATH,
		memoryMB: data.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
	};
}

export type Config = ReturnType<typeof readConfig>;
