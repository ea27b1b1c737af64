import {type Context, Hono} from 'hono';
import type {z} from 'zod';
import type {RunView} from '../runs/get-run.ts';
import {checkRunId} from '../runs/create-run.ts';
import {cancelRun, pauseRun, redriveRun, resumeRun} from './act-on-run.ts';
import type {acceptedRun} from './answer-schemas.ts';
import {checkBody, checkQuery} from './check.ts';
import {checkKey, createOverHttp} from './create-over-http.ts';
import {pageOfItems, pageOfRuns} from './list-pages.ts';
import {makeOpenApi} from './openapi.ts';
import {Problem, RETRY_AFTER_SECONDS, answerProblem, problemCodes, toProblem} from './problems.ts';
import {readJsonBody} from './read-body.ts';
import {emptyRequest, itemsQuery, redriveRequest, resumeRequest, runRequest, runsQuery} from './request-schemas.ts';
import {linksOf} from './run-links.ts';
import {type ApiSetup, DEFAULT_MAX_BODY_BYTES} from './setup.ts';

type Handler = (context: Context) => Promise<Response> | Response;
type Routes = Readonly<Record<string, Readonly<Partial<Record<'GET' | 'POST', Handler>>>>>;

/** The HTTP API over runs: the same in Lambda, in `twolane serve` and in tests. */
export function createApi(given: ApiSetup): Hono {
	const setup = {...given, start: startOrTell(given)};
	const app = new Hono();
	for (const [path, methods] of Object.entries(routesOf(setup))) {
		for (const [method, handle] of Object.entries(methods)) {
			// Not left to hono, which lets through what is thrown and is no Error.
			app.on(method, path, async context => {
				try {
					return await handle(context);
				} catch (error) {
					return answerError(setup, error);
				}
			});
		}
		app.all(path, () => answerProblem(refuseMethod(Object.keys(methods))));
	}
	app.notFound(({req}) =>
		answerProblem(new Problem('NOT_FOUND', `There is nothing at ${req.path}: GET /openapi.json says what there is.`)),
	);
	app.onError(error => answerError(setup, error));
	return app;
}

function routesOf(setup: ApiSetup): Routes {
	let document: Promise<string> | undefined;
	const act = (action: (context: Context, runId: string) => Promise<void>): {POST: Handler} => ({
		async POST(context) {
			const runId = readRunId(context);
			await action(context, runId);
			return answerAccepted(await viewOf(setup, runId));
		},
	});
	const bodyOf = ({req}: Context): Promise<unknown> => readJsonBody(req.raw, setup.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES);
	return {
		'/runs': {
			POST: async context => {
				const key = context.req.header('idempotency-key');
				if (key !== undefined) checkKey(key);
				return await postRun(setup, await bodyOf(context), key);
			},
			GET: async ({req}) => {
				const page = await pageOfRuns(setup.runs, checkQuery(runsQuery, req.url));
				return answerJson(JSON.stringify({...page, runs: page.runs.map(run => ('damage' in run ? run : withLinks(setup, run)))}));
			},
		},
		'/runs/:id': {GET: async context => await answerTagged(setup, context, await viewOf(setup, readRunId(context)))},
		'/runs/:id/items': {
			GET: async context => answerJson(await pageOfItems(setup.runs, readRunId(context), checkQuery(itemsQuery, context.req.url))),
		},
		'/runs/:id/cancel': act(async (context, runId) => {
			checkBody(emptyRequest, (await bodyOf(context)) ?? {});
			await cancelRun(setup, runId);
		}),
		'/runs/:id/pause': act(async (context, runId) => {
			checkBody(emptyRequest, (await bodyOf(context)) ?? {});
			await pauseRun(setup, runId);
		}),
		'/runs/:id/resume': act(async (context, runId) => resumeRun(setup, runId, checkBody(resumeRequest, (await bodyOf(context)) ?? {}))),
		'/runs/:id/redrive': act(async (context, runId) => redriveRun(setup, runId, checkBody(redriveRequest, (await bodyOf(context)) ?? {}))),
		'/openapi.json': {GET: async () => answerJson(await (document ??= makeOpenApi(setup).then(made => JSON.stringify(made))))},
		'/healthz': {GET: () => answerJson('{"status":"ok"}')},
	};
}

async function postRun(setup: ApiSetup, body: unknown, key: string | undefined): Promise<Response> {
	if (body === undefined)
		throw new Problem('JSON_INVALID', 'The body is empty: send {"source": {"items": [...]}} or {"source": {"s3": "s3://..."}}.');
	const {runId, flow, createdAt, out} = await createOverHttp(setup, checkBody(runRequest, body), key);
	const {status} = await setup.runs.getRun(runId);
	// A key that comes again may mean that nobody was started the first time; what was paused or has ended stays so.
	if (status === 'PENDING' || status === 'RUNNING') await setup.start(runId);
	return answerAccepted({id: runId, flow, createdAt, out, links: linksOf(runId, setup.basePath)});
}

/** A run that could not be started is there all the same: its caller asks how it stands, and whoever sweeps starts it. */
const startOrTell =
	({start, onFailure, newId}: ApiSetup) =>
	async (runId: string): Promise<void> => {
		try {
			await start(runId);
		} catch (error) {
			onFailure?.({requestId: newId(), error});
		}
	};

/** What cannot be a run's id is the id of none, and never becomes part of a key. */
function readRunId({req}: Context): string {
	const runId = req.param('id') ?? '';
	try {
		checkRunId(runId);
		return runId;
	} catch (error) {
		throw new Problem('RUN_NOT_FOUND', 'There is no run of such an id.', {cause: error});
	}
}

const withLinks = ({basePath}: ApiSetup, view: RunView) => ({...view, links: linksOf(view.id, basePath)});
const viewOf = async (setup: ApiSetup, runId: string) => withLinks(setup, await setup.runs.getRun(runId));

const headers = {'content-type': 'application/json', 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff'};

const answerJson = (body: string): Response => new Response(body, {headers});

function answerAccepted(body: z.infer<typeof acceptedRun> | ReturnType<typeof withLinks>): Response {
	const location = body.links.self;
	return new Response(JSON.stringify(body), {status: 202, headers: {...headers, location, 'retry-after': RETRY_AFTER_SECONDS}});
}

const TAG_CHARACTERS = 32;

async function answerTagged({ports}: ApiSetup, {req}: Context, body: object): Promise<Response> {
	const text = JSON.stringify(body);
	const etag = `"${ports.sha256(text).slice(0, TAG_CHARACTERS)}"`;
	const known = req.header('if-none-match')?.split(',') ?? [];
	const isKnown = known.some(one => one.trim() === '*' || one.trim().replace(/^W\//u, '') === etag);
	return isKnown
		? new Response(null, {status: 304, headers: {etag, 'cache-control': 'no-cache'}})
		: new Response(text, {headers: {...headers, etag}});
}

function refuseMethod(methods: readonly string[]): Problem {
	const allow = methods.flatMap(method => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
	return new Problem('METHOD_NOT_ALLOWED', `Use ${allow}.`, {headers: {allow}});
}

function answerError({onFailure, newId}: ApiSetup, error: unknown): Response {
	const problem = toProblem(error);
	if (problemCodes[problem.code].status !== 500) return answerProblem(problem);
	const requestId = newId();
	onFailure?.({requestId, error});
	return answerProblem(problem, requestId);
}
