import {setTimeout as wait} from 'node:timers/promises';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {acceptedRun, itemPage, problem, runPage, runView} from '../../src/api/answer-schemas.ts';

type Body = Readonly<Record<string, unknown>>;

/** An API that somebody serves, with what is to be asked of it there. */
export interface ServedApi {
	/** Without a slash at its end. */
	readonly baseUrl: string;
	/** What asks, where requests must be signed. Default: the platform's own. */
	readonly fetch?: typeof fetch;
	readonly bodies: {
		/** A run whose items, three or more, all succeed. */
		readonly succeeding: Body;
		/** A run of which some items, two or more, fail for good with the code given. */
		readonly failing: {readonly body: Body; readonly code: string};
		/** A run that goes on until it is told to stop. */
		readonly lasting: Body;
	};
	readonly dispose: () => Promise<void>;
}

const LOOK_EVERY_MS = 100;
const WAIT_MS = 60_000;

type Cell = 202 | 409;
/** CONTRACT.md, section 3: pause, resume, cancel, redrive. */
const table = {
	'PENDING or RUNNING': [202, 202, 202, 409],
	PAUSED: [202, 202, 202, 409],
	'FAILED by tolerance': [409, 202, 202, 409],
	SUCCEEDED: [409, 409, 409, 409],
	FAILED: [409, 409, 409, 202],
	CANCELLED: [409, 409, 202, 202],
} as const satisfies Readonly<Record<string, readonly [Cell, Cell, Cell, Cell]>>;
type State = keyof typeof table;
const actions = ['pause', 'resume', 'cancel', 'redrive'] as const;
const cells = (Object.keys(table) as State[]).flatMap(state =>
	actions.map((action, index) => ({state, action, status: table[state][index] as Cell})),
);

/** The API of CONTRACT.md over real HTTP, whoever serves it. Each test makes runs of its own, so they may run side by side. */
export function describeApi(name: string, open: () => Promise<ServedApi>): void {
	describe.concurrent(`the API of ${name}`, () => {
		let api: ServedApi;
		beforeAll(async () => void (api = await open()));
		afterAll(() => api.dispose());

		const ask = async (path: string, init: RequestInit = {}): Promise<Response> => await (api.fetch ?? fetch)(api.baseUrl + path, init);
		const post = async (path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
			await ask(path, {
				method: 'POST',
				headers: {...(body !== undefined && {'content-type': 'application/json'}), ...headers},
				...(body !== undefined && {body: JSON.stringify(body)}),
			});
		const look = async (id: string) => runView.parse(await (await ask(`/runs/${id}`)).json());

		async function waitFor(id: string, isSo: (view: Awaited<ReturnType<typeof look>>) => boolean) {
			for (const untilMs = performance.now() + WAIT_MS; performance.now() < untilMs; await wait(LOOK_EVERY_MS)) {
				const view = await look(id);
				if (isSo(view)) return view;
			}
			throw new Error(`run ${id} did not come there: ${JSON.stringify(await look(id))}`);
		}
		async function startRun(body: Body): Promise<string> {
			const response = await post('/runs', body);
			expect(response.status, await response.clone().text()).toBe(202);
			return acceptedRun.parse(await response.json()).id;
		}
		const ended = async (body: Body, status: string): Promise<string> => {
			const id = await startRun(body);
			await waitFor(id, view => view.status === status && view.completionReason !== undefined);
			return id;
		};
		const lastingRun = async (): Promise<string> => await startRun(api.bodies.lasting);
		/** Whatever it is: nobody works on it any more. */
		const end = async (id: string): Promise<void> => void (await post(`/runs/${id}/cancel`));

		const enter: Readonly<Record<State, () => Promise<string>>> = {
			'PENDING or RUNNING': lastingRun,
			async PAUSED() {
				const id = await lastingRun();
				await post(`/runs/${id}/pause`);
				return id;
			},
			'FAILED by tolerance': async () => await ended({...api.bodies.failing.body, toleratedFailureCount: 0}, 'FAILED'),
			SUCCEEDED: async () => await ended(api.bodies.succeeding, 'SUCCEEDED'),
			FAILED: async () => await ended(api.bodies.failing.body, 'FAILED'),
			async CANCELLED() {
				const id = await lastingRun();
				await waitFor(id, ({status}) => status === 'RUNNING');
				await post(`/runs/${id}/cancel`);
				return id;
			},
		};

		it.each(cells)('$action of a run that is $state: $status', async ({state, action, status}) => {
			const id = await enter[state]();
			const response = await post(`/runs/${id}/${action}`);
			const body: unknown = await response.json();
			expect(response.status, JSON.stringify(body)).toBe(status);
			if (status === 202) {
				expect(runView.parse(body).id).toBe(id);
				expect(new URL(response.headers.get('location') ?? '', 'http://any').pathname).toMatch(new RegExp(`/runs/${id}$`, 'u'));
				expect(response.headers.get('retry-after')).toMatch(/^\d+$/u);
			} else {
				expect(problem.parse(body)).toMatchObject({code: 'RUN_REFUSED', status});
				expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/u);
			}
			await end(id);
		});

		it('runs what it is asked for, and gives its outcomes', async () => {
			const id = await ended(api.bodies.succeeding, 'SUCCEEDED');
			const {itemCounts} = await look(id);
			expect(itemCounts.total).toBeGreaterThanOrEqual(3);
			expect(itemCounts.succeeded).toBe(itemCounts.total);
			const rows: unknown[] = [];
			for (let cursor: string | undefined = ''; cursor !== undefined;) {
				const from: string = cursor === '' ? '' : `&cursor=${cursor}`;
				const page = itemPage.parse(await (await ask(`/runs/${id}/items?limit=2${from}`)).json());
				expect(page.items.length).toBeLessThanOrEqual(2);
				rows.push(...page.items.map(({n, status}) => ({n, status})));
				({cursor} = page);
			}
			expect(rows).toEqual(Array.from({length: itemCounts.total}, (_, n) => ({n, status: 'succeeded'})));
			const {runs} = runPage.parse(await (await ask('/runs?limit=100')).json());
			expect(runs.map(run => run.id)).toContain(id);
		});

		it('answers 304 to whoever knows how an ended run stands', async () => {
			const id = await ended(api.bodies.succeeding, 'SUCCEEDED');
			let known = '';
			let response: Response;
			const untilMs = performance.now() + WAIT_MS;
			// Its report may be on its way still.
			do {
				known = (await ask(`/runs/${id}`)).headers.get('etag') ?? '';
				response = await ask(`/runs/${id}`, {headers: {'if-none-match': known}});
			} while (response.status !== 304 && performance.now() < untilMs);
			expect([response.status, response.headers.get('etag'), await response.text()]).toEqual([304, known, '']);
		});

		it('does the failures of an ended run again, those with the codes asked for', async () => {
			const {body, code} = api.bodies.failing;
			const id = await ended(body, 'FAILED');
			const before = await look(id);
			expect(before.topErrors[0]?.code).toBe(code);
			expect((await post(`/runs/${id}/redrive`, {only: ['NO_SUCH_CODE']})).status).toBe(409);
			expect((await post(`/runs/${id}/redrive`, {only: [code]})).status).toBe(202);
			const after = await waitFor(id, ({generation, completionReason}) => generation === 1 && completionReason !== undefined);
			expect(after.itemCounts).toEqual(before.itemCounts);
			const page = itemPage.parse(await (await ask(`/runs/${id}/items?status=failed`)).json());
			expect(page.items.length).toBe(before.itemCounts.failed);
		});

		it('resumes a run that stopped at its tolerance with another one, to its end', async () => {
			const id = await ended({...api.bodies.failing.body, toleratedFailureCount: 0}, 'FAILED');
			expect((await look(id)).completionReason).toBe('FAILURE_TOLERANCE_EXCEEDED');
			expect((await post(`/runs/${id}/resume`, {toleratedFailureCount: 1000})).status).toBe(202);
			const after = await waitFor(id, ({status, itemCounts}) => status === 'SUCCEEDED' && itemCounts.pending === 0);
			expect(after.itemCounts.failed).toBeGreaterThanOrEqual(2);
		});

		it('redrives what a cancelled run had not come to', async () => {
			const id = await enter.CANCELLED();
			const response = await post(`/runs/${id}/redrive`);
			expect(response.status).toBe(202);
			expect(runView.parse(await response.json())).toMatchObject({generation: 1});
			await end(id);
		});

		it('makes one run of 20 requests at once with one Idempotency-Key, and refuses it for another body', async () => {
			const key = {'idempotency-key': crypto.randomUUID()};
			const answers = await Promise.all(Array.from({length: 20}, async () => await post('/runs', api.bodies.succeeding, key)));
			expect(answers.map(({status}) => status)).toEqual(answers.map(() => 202));
			const texts = new Set(await Promise.all(answers.map(async answer => await answer.text())));
			expect(texts.size).toBe(1);
			const {id} = acceptedRun.parse(JSON.parse([...texts][0] ?? ''));
			await waitFor(id, ({status}) => status === 'SUCCEEDED');
			expect(await (await post('/runs', api.bodies.succeeding, key)).text()).toBe([...texts][0]);
			const other = await post('/runs', api.bodies.failing.body, key);
			expect(problem.parse(await other.json())).toMatchObject({status: 422, code: 'IDEMPOTENCY_KEY_REUSED'});
		});

		it.each(['allowOrigins', 'allowOrigin', 'out', 'state', 'runId', 'readers', 'flowFile'])(
			'refuses a body with %s, which would open the address guard or write elsewhere',
			async name => {
				const response = await post('/runs', {...api.bodies.succeeding, [name]: 'http://169.254.169.254'});
				expect(problem.parse(await response.json())).toMatchObject({
					status: 422,
					code: 'REQUEST_INVALID',
					errors: [{pointer: `/${name}`, detail: 'unknown key'}],
				});
			},
		);

		it('names each item that cannot be used', async () => {
			const response = await post('/runs', {source: {items: [{url: 'https://example.com/a.jpg'}, {url: 'nowhere'}]}});
			expect(problem.parse(await response.json())).toMatchObject({
				status: 422,
				code: 'ITEMS_INVALID',
				errors: [{pointer: '/source/items/1'}],
			});
		});

		const json = {'content-type': 'application/json'};
		it.each([
			['POST', '/runs', {body: '{', headers: json}, 400, 'JSON_INVALID'],
			['GET', '/runs?limit=0', {}, 400, 'QUERY_INVALID'],
			['GET', '/runs?cursor=x', {}, 400, 'QUERY_INVALID'],
			['GET', '/runs/none', {}, 404, 'RUN_NOT_FOUND'],
			['GET', '/runs/none/items', {}, 404, 'RUN_NOT_FOUND'],
			['POST', '/runs/none/cancel', {}, 404, 'RUN_NOT_FOUND'],
			['DELETE', '/runs/none', {}, 405, 'METHOD_NOT_ALLOWED'],
			['PUT', '/runs', {body: '{}', headers: json}, 405, 'METHOD_NOT_ALLOWED'],
			['POST', '/runs', {body: `"${'x'.repeat(5.5 * 2 ** 20)}"`, headers: json}, 413, 'BODY_TOO_LARGE'],
			['POST', '/runs', {body: 'a=1', headers: {'content-type': 'application/x-www-form-urlencoded'}}, 415, 'MEDIA_TYPE_UNSUPPORTED'],
			['POST', '/runs', {body: '{}', headers: json}, 422, 'REQUEST_INVALID'],
			['POST', '/runs', {body: '{"source":{"items":[]},"flow":"none"}', headers: json}, 422, 'FLOW_UNKNOWN'],
		] as const)('%s %s: a problem that says what is wrong (%#)', async (method, path, init, status, code) => {
			const response = await ask(path, {method, ...init});
			expect(response.status).toBe(status);
			expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/u);
			expect(response.headers.has('allow')).toBe(status === 405);
			const text = await response.text();
			expect(problem.parse(JSON.parse(text))).toMatchObject({status, code});
			expect(text).not.toMatch(/\bat .*\.[jt]s:\d+/u);
		});

		it('says what it can do, and that it is there', async () => {
			expect(await (await ask('/openapi.json')).json()).toMatchObject({openapi: '3.1.0'});
			expect(await (await ask('/healthz')).json()).toEqual({status: 'ok'});
		});
	});
}
