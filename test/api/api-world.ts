import type {Hono} from 'hono';
import {z} from 'zod';
import {createApi} from '../../src/api/app.ts';
import type {ApiFailure, ApiSetup} from '../../src/api/setup.ts';
import {defineFlow, readFlow} from '../../src/lanes/flow.ts';
import {sourceItem} from '../../src/lanes/source.ts';
import {endCancelled} from '../../src/runs/end-cancelled.ts';
import {openRuns} from '../../src/runs/runs.ts';
import {readStanding} from '../../src/runs/standing.ts';
import {type Ledger, limits, openLedger} from '../runs/ledger.ts';
import {sha256} from '../support/lane-setup.ts';
import type {MemoryObjectsOptions} from '../support/memory-objects.ts';

/** A flow with options of its own, whose items are sources. */
export const pictures = readFlow(
	defineFlow({
		name: 'pictures',
		item: sourceItem,
		options: z.strictObject({unit: z.enum(['byte', 'KiB']).default('byte')}),
		fetch: async (item, {read}) => (await read(item)).length,
	}),
);
/** A flow without options, whose items are anything. */
const words = readFlow(defineFlow({name: 'words', item: z.object({word: z.string().max(10)}), fetch: async ({word}) => word.length}));

/** An API over runs that are kept in memory; nobody works on them unless a test does. */
export interface ApiWorld extends Ledger {
	readonly app: Hono;
	/** The runs that were started, in their order. */
	readonly started: readonly string[];
	readonly failures: readonly ApiFailure[];
	/** Sends a body as JSON. */
	post(path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
	get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
}

export function openApiWorld(options: MemoryObjectsOptions = {}, others: Partial<ApiSetup> = {}): ApiWorld {
	const ledger = openLedger(options);
	const {ports} = ledger;
	const started: string[] = [];
	const failures: ApiFailure[] = [];
	let ids = 0;
	const app = createApi({
		ports,
		runs: openRuns(ports, {limits}),
		out: 'memory:',
		flows: {pictures: {load: async () => pictures}, words: {load: async () => words}},
		defaults: {flow: 'pictures', engine: 'auto', maxWorkers: 50},
		engines: ['in-process', 'lambda'],
		pinS3: async uri => ({kind: 'file', name: uri, path: uri, sha256: sha256(uri)}),
		async start(runId) {
			started.push(runId);
			const {control} = await readStanding(ports, runId);
			if (control.state === 'cancelled') await endCancelled(ports, runId, {limits});
		},
		newId: () => `id-${ids++}`,
		onFailure: failure => void failures.push(failure),
		...others,
	});
	const send = async (path: string, init: RequestInit): Promise<Response> =>
		await ledger.clock.finish(Promise.resolve(app.request(path, init)));
	return {
		...ledger,
		app,
		started,
		failures,
		post: (path, body, headers) =>
			send(path, {
				method: 'POST',
				...(body !== undefined && {body: typeof body === 'string' ? body : JSON.stringify(body)}),
				headers: {...(body !== undefined && {'content-type': 'application/json'}), ...headers},
			}),
		get: (path, headers = {}) => send(path, {headers}),
	};
}

/** What every problem is, as far as it can be said beforehand. */
export async function readProblem(response: Response) {
	const body = (await response.json()) as {
		readonly code: string;
		readonly status: number;
		readonly detail: string;
		readonly errors?: readonly {readonly pointer: string; readonly detail: string}[];
		readonly requestId?: string;
	};
	return {...body, type: response.headers.get('content-type'), http: response.status};
}

export const items = (...given: readonly unknown[]) => ({source: {items: given}});
