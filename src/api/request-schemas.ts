import {z} from 'zod';
import {limitTable} from '../lanes/limits.ts';
import {engineNames} from '../runs/engine.ts';

/** Items of one request, at most: more belong into a list in the bucket. */
const MAX_ITEMS = 100_000;
const MAX_ATTEMPTS = 100;
/** As many children as Step Functions runs at once. */
const MAX_WORKERS = 10_000;
const MAX_CODES = 100;

function limitSchema({isAuto, min, max, meaning}: (typeof limitTable)[keyof typeof limitTable]) {
	const number = z.int().min(min).max(max);
	return (isAuto ? z.union([z.literal('auto'), number]) : number).optional().describe(meaning);
}

const {maxBytes, ...sessionLimits} = limitTable;
const limitsOf = <Name extends string>(table: Readonly<Record<Name, (typeof limitTable)['threads']>>) =>
	z.strictObject(
		Object.fromEntries(Object.entries(table).map(([name, entry]) => [name, limitSchema(entry as never)])) as Record<
			Name,
			ReturnType<typeof limitSchema>
		>,
	);

const terms = {
	attempts: z.int().min(1).max(MAX_ATTEMPTS).optional().describe('Tries of one stage of one item; default 4.'),
	toleratedFailureCount: z.int().min(0).optional().describe('More failures than this stop the run; default: none does.'),
	toleratedFailurePercentage: z.number().min(0).max(100).optional().describe('A larger share of failures than this stops the run.'),
};

const s3Source = z.strictObject({
	s3: z
		.string()
		.max(1200)
		.regex(/^s3:\/\/[a-z0-9][a-z0-9.-]{1,62}\/.*$/u, 'expected s3://bucket/list.jsonl or s3://bucket/prefix/')
		.describe('A list (JSONL, JSON, CSV, TSV, txt, each also .gz), or a prefix, which ends with a slash.'),
});
const itemsSource = z.strictObject({
	items: z.array(z.unknown()).max(MAX_ITEMS).describe('The items themselves, as a manifest has them: checked before the run is created.'),
});

/** Body of `POST /runs`. Closed: what is not here cannot be asked for. */
export const runRequest = z.strictObject({
	flow: z.string().min(1).max(64).optional().describe('One of the flows deployed; default thumbnail.'),
	source: z.union([s3Source, itemsSource]),
	options: z.record(z.string(), z.unknown()).optional().describe('The flow’s own.'),
	limits: limitsOf({...sessionLimits, maxBytes}).optional(),
	...terms,
	limit: z.int().min(1).optional().describe('Take this many items.'),
	skipInvalid: z.boolean().optional().describe('Turn items that cannot be used into failed ones, code ITEM_INVALID.'),
	engine: z
		.enum(['auto', ...engineNames])
		.optional()
		.describe('Where shards run; default auto.'),
	maxWorkers: z.int().min(1).max(MAX_WORKERS).optional().describe('Worker Lambdas at once, at most; default 50.'),
});
export type RunRequest = z.infer<typeof runRequest>;

/** Body of `POST /runs/{id}/resume`. What it names holds from then on, the rest stays. */
export const resumeRequest = z.strictObject({limits: limitsOf(sessionLimits).optional(), ...terms});
export type ResumeRequest = z.infer<typeof resumeRequest>;

/** Body of `POST /runs/{id}/redrive`. */
export const redriveRequest = z.strictObject({
	only: z
		.array(z.string().min(1).max(100))
		.min(1)
		.max(MAX_CODES)
		.optional()
		.describe('Only items that failed with one of these codes; pending ones in any case. Default: all.'),
});

/** Body of `POST /runs/{id}/cancel` and `/pause`: none, or an empty object. */
export const emptyRequest = z.strictObject({});

const page = (limit: number, most: number) => ({
	cursor: z
		.string()
		.max(200)
		.regex(/^[\w-]+$/u, 'expected that of the page before')
		.optional()
		.describe('That of the page before.'),
	limit: z
		.string()
		.regex(/^\d{1,9}$/u, 'expected a whole number')
		.transform(Number)
		.pipe(z.int().min(1).max(most))
		.default(limit)
		.describe('Entries of a page, at most.'),
});

/** Query of `GET /runs`. Each entry is a look at a run's records. */
export const runsQuery = z.strictObject(page(20, 100));
/** Query of `GET /runs/{id}/items`. */
export const itemsQuery = z.strictObject({
	status: z.enum(['succeeded', 'failed', 'skipped', 'pending']).optional().describe('Default: all.'),
	...page(100, 1000),
});
