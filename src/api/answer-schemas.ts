import {z} from 'zod';
import {completionReasons} from '../lanes/snapshot.ts';
import {problemCodes} from './problems.ts';

const count = z.int().min(0);
const links = z.strictObject({
	self: z.string(),
	items: z.string(),
	cancel: z.string(),
	pause: z.string(),
	resume: z.string(),
	redrive: z.string(),
});

/** What `POST /runs` answers: the same each time for one `Idempotency-Key`. */
export const acceptedRun = z.strictObject({
	id: z.string(),
	flow: z.string(),
	createdAt: z.iso.datetime(),
	out: z.string().describe('URI of the outputs.'),
	links,
});

export const runView = z.strictObject({
	id: z.string(),
	flow: z.string(),
	createdAt: z.iso.datetime(),
	out: z.string().describe('URI of the outputs.'),
	status: z.enum(['PENDING', 'RUNNING', 'PAUSED', 'SUCCEEDED', 'FAILED', 'CANCELLED']),
	generation: count.describe('0, and one more for each redrive.'),
	itemCounts: z.strictObject({pending: count, running: count, succeeded: count, failed: count, skipped: count, total: count}),
	completionReason: z.enum(completionReasons).optional(),
	throughput: z.number().describe('Items that ended per second of work.'),
	etaSeconds: z.number().optional(),
	stalled: z.boolean().optional().describe('It is to run, and nobody works on it.'),
	problem: z.string().optional().describe('Why nobody can work on it.'),
	topErrors: z.array(z.strictObject({code: z.string(), count, example: z.strictObject({id: z.string(), message: z.string()})})),
	sources: z.array(z.string()).describe('Their names.'),
	links,
});

const damagedRun = z.strictObject({id: z.string(), damage: z.string().describe('Why its records cannot be read.')});
const cursor = z.string().optional().describe('Ask with it for the next page; absent on the last one.');

export const runPage = z.strictObject({runs: z.array(z.union([runView, damagedRun])), cursor});

const row = z
	.looseObject({
		n: count.describe('Its place in the manifest.'),
		id: z.string(),
		status: z.enum(['succeeded', 'failed', 'skipped', 'pending']),
	})
	.describe('An outcome: result and outputs of one that succeeded, the error of one that failed, the reason of one that was skipped.');
export const itemPage = z.strictObject({items: z.array(row), cursor});

export const health = z.strictObject({status: z.literal('ok')});

export const problem = z.strictObject({
	type: z.literal('about:blank'),
	title: z.string(),
	status: z.int(),
	code: z.enum(Object.keys(problemCodes) as [keyof typeof problemCodes]),
	detail: z.string(),
	errors: z.array(z.strictObject({pointer: z.string().describe('JSON pointer into the body.'), detail: z.string()})).optional(),
	requestId: z.string().optional().describe('Names the request in the log.'),
});
