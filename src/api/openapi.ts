import {z} from 'zod';
import {manifestSchema} from '../manifest/schema.ts';
import {acceptedRun, health, itemPage, problem, runPage, runView} from './answer-schemas.ts';
import {examples} from './examples.ts';
import {type ProblemCode, problemCodes} from './problems.ts';
import {emptyRequest, itemsQuery, redriveRequest, resumeRequest, runRequest, runsQuery} from './request-schemas.ts';
import type {ApiSetup} from './setup.ts';

type Json = Readonly<Record<string, unknown>>;

/** The API as an OpenAPI 3.1 document, made from the schemas that check the requests. */
export async function makeOpenApi({flows, basePath = ''}: Pick<ApiSetup, 'flows' | 'basePath'>): Promise<Json> {
	const options = await describeOptions(flows);
	return {
		openapi: '3.1.0',
		info: {
			title: 'Twolane',
			version: '1',
			description:
				'Fans a flow out over any number of items. A run is started, asked for, and told to pause, to go on, to end, or to do its failures again.',
			license: {name: 'MIT', identifier: 'MIT'},
		},
		servers: [{url: basePath === '' ? '/' : basePath}],
		paths: makePaths(),
		components: {
			schemas: {
				RunRequest: withOptions(toSchema(runRequest), Object.keys(options)),
				ResumeRequest: toSchema(resumeRequest),
				RedriveRequest: toSchema(redriveRequest),
				EmptyRequest: toSchema(emptyRequest),
				Item: withoutDialect(manifestSchema),
				AcceptedRun: toSchema(acceptedRun),
				Run: toSchema(runView),
				RunPage: toSchema(runPage),
				ItemPage: toSchema(itemPage),
				Health: toSchema(health),
				Problem: toSchema(problem),
				...options,
			},
			responses: Object.fromEntries(allStatuses.map(status => [`Problem${status}`, describeProblem(status)])),
		},
	};
}

const toSchema = (schema: z.ZodType): Json => withoutDialect(z.toJSONSchema(schema, {io: 'input', unrepresentable: 'any'}));

const withoutDialect = ({$schema: _, ...schema}: Json): Json => schema;

/** The options of each flow, where its schema is one of zod's. */
async function describeOptions(flows: ApiSetup['flows']): Promise<Readonly<Record<string, Json>>> {
	const described: Record<string, Json> = {};
	for (const [name, {load}] of Object.entries(flows)) {
		const {options} = await load();
		if (options instanceof z.ZodType) described[`Options-${name}`] = toSchema(options);
	}
	return described;
}

/** What a request may hold is told by its flow: items and options are checked by the flow's own schemas. */
function withOptions(schema: Json, names: readonly string[]): Json {
	const properties = schema.properties as Readonly<Record<string, Json>>;
	const [s3, items] = (properties.source?.anyOf ?? []) as readonly Json[];
	const itemsOf = items?.properties as Readonly<Record<string, Json>>;
	const source = {
		oneOf: [s3, {...items, properties: {items: {...itemsOf.items, items: {$ref: '#/components/schemas/Item'}}}}],
	};
	const options = {
		...properties.options,
		...(names.length > 0 && {anyOf: names.map(name => ({$ref: `#/components/schemas/${name}`}))}),
	};
	return {...schema, properties: {...properties, source, options}};
}

const statusOf = (code: ProblemCode): number => problemCodes[code].status;
const allStatuses = [...new Set((Object.keys(problemCodes) as ProblemCode[]).map(statusOf))];

function describeProblem(status: number): Json {
	const codes = (Object.keys(problemCodes) as ProblemCode[]).filter(code => statusOf(code) === status);
	const isPassing = status === 429 || status === 503;
	return {
		description: codes.map(code => `${code}: ${problemCodes[code].title}`).join(' '),
		...(isPassing && {headers: {'Retry-After': {schema: {type: 'string'}}}}),
		...(status === 405 && {headers: {Allow: {schema: {type: 'string'}}}}),
		content: {'application/problem+json': {schema: {$ref: '#/components/schemas/Problem'}}},
	};
}

/** Whatever is asked for, these may come. */
const always = [403, 405, 429, 500, 503];

const problemsOf = (statuses: readonly number[]): Json =>
	Object.fromEntries([...statuses, ...always].map(status => [status, {$ref: `#/components/responses/Problem${status}`}]));

const jsonOf = (name: string): Json => ({
	'application/json': {schema: {$ref: `#/components/schemas/${name}`}, ...(examples[name] && {examples: examples[name]})},
});

const accepted = (name: string): Json => ({
	description: 'Accepted: ask the Location how it goes.',
	headers: {Location: {schema: {type: 'string'}}, 'Retry-After': {schema: {type: 'string'}}},
	content: jsonOf(name),
});

const answer = (description: string, name: string): Json => ({description, content: jsonOf(name)});

const runId = {
	name: 'id',
	in: 'path',
	required: true,
	description: 'Of the run.',
	schema: {type: 'string', pattern: '^[a-z0-9][a-z0-9_-]{0,63}$'},
};

/** The parameters of a query; none is needed. */
function parametersOf(query: z.ZodType): readonly Json[] {
	const {properties = {}} = z.toJSONSchema(query, {io: 'output'});
	return Object.entries(properties).map(([name, schema]) => {
		const {description, ...rest} = schema as Json;
		return {name, in: 'query', required: false, description, schema: rest};
	});
}

interface Action {
	readonly name: string;
	readonly summary: string;
	readonly body: string;
}

const act = ({name, summary, body}: Action): Json => ({
	post: {
		operationId: `${name}Run`,
		summary,
		parameters: [runId],
		requestBody: {required: false, content: jsonOf(body)},
		responses: {202: accepted('Run'), ...problemsOf([400, 404, 409, 413, 415, 422])},
	},
});

function makePaths(): Json {
	return {
		'/runs': {
			post: {
				operationId: 'createRun',
				summary: 'Starts a run.',
				parameters: [
					{
						name: 'Idempotency-Key',
						in: 'header',
						required: false,
						description: 'The same key and body again: the same run. The same key with another body: 422.',
						schema: {type: 'string', pattern: '^[!-~]{1,255}$'},
					},
				],
				requestBody: {required: true, content: jsonOf('RunRequest')},
				responses: {202: accepted('AcceptedRun'), ...problemsOf([400, 413, 415, 422])},
			},
			get: {
				operationId: 'listRuns',
				summary: 'The runs, newest first.',
				parameters: parametersOf(runsQuery),
				responses: {200: answer('A page of runs.', 'RunPage'), ...problemsOf([400])},
			},
		},
		'/runs/{id}': {
			get: {
				operationId: 'getRun',
				summary: 'How a run stands.',
				parameters: [runId, {name: 'If-None-Match', in: 'header', required: false, schema: {type: 'string'}}],
				responses: {
					200: {...answer('How it stands.', 'Run'), headers: {ETag: {schema: {type: 'string'}}}},
					304: {description: 'As it was when the ETag was given.', headers: {ETag: {schema: {type: 'string'}}}},
					...problemsOf([404]),
				},
			},
		},
		'/runs/{id}/items': {
			get: {
				operationId: 'listItems',
				summary: 'The outcomes of a run, in the order of its manifest.',
				parameters: [runId, ...parametersOf(itemsQuery)],
				responses: {200: answer('A page of outcomes.', 'ItemPage'), ...problemsOf([400, 404])},
			},
		},
		'/runs/{id}/cancel': act({name: 'cancel', summary: 'Ends a run with what it has.', body: 'EmptyRequest'}),
		'/runs/{id}/pause': act({name: 'pause', summary: 'Stops a run; resume goes on with it.', body: 'EmptyRequest'}),
		'/runs/{id}/resume': act({name: 'resume', summary: 'Goes on with a run that was stopped.', body: 'ResumeRequest'}),
		'/runs/{id}/redrive': act({name: 'redrive', summary: 'Runs again what failed.', body: 'RedriveRequest'}),
		'/openapi.json': {
			get: {
				operationId: 'getOpenApi',
				summary: 'This document.',
				responses: {
					200: {description: 'OpenAPI 3.1.', content: {'application/json': {schema: {type: 'object'}}}},
					...problemsOf([]),
				},
			},
		},
		'/healthz': {
			get: {
				operationId: 'getHealth',
				summary: 'Whether somebody is there. It looks at no record, and needs no authorisation.',
				security: [],
				responses: {200: answer('Somebody is there.', 'Health'), ...problemsOf([])},
			},
		},
	};
}
