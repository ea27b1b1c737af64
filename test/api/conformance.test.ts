import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createApi} from '../../src/api/app.ts';
import {createRunQueue} from '../../src/cli/serve/run-queue.ts';
import {runServer} from '../../src/cli/serve/run-server.ts';
import {workOnServedRun} from '../../src/cli/serve/work-on-served-run.ts';
import {TwolaneError} from '../../src/lanes/errors.ts';
import {defineFlow, readFlow} from '../../src/lanes/flow.ts';
import {sourceItem} from '../../src/lanes/source.ts';
import {openPlace} from '../../src/local/place.ts';
import {describeApi} from '../conformance/api.ts';

/** Fetches nothing: an item's URL says how it ends. */
const flow = readFlow(
	defineFlow({
		name: 'thumbnail',
		item: sourceItem,
		async fetch(item, {signal}) {
			const url = 'url' in item ? item.url : '';
			if (url.endsWith('/bad')) throw new TwolaneError('NO_PICTURE', 'there is none');
			if (url.endsWith('/hold')) await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('told to'))));
			return url;
		},
	}),
);
const itemsOf = (...ends: readonly string[]) => ({
	source: {items: ends.map((end, n) => ({id: `${n}`, url: `https://example.com/${end}`}))},
});

describeApi('a folder', async () => {
	const folder = await mkdtemp(join(tmpdir(), 'twolane-api-'));
	const place = openPlace({out: folder});
	const stop = new AbortController();
	const errors: unknown[] = [];
	const queue = createRunQueue({
		work: async runId => await workOnServedRun(place, runId, {stop: stop.signal, openFlow: async () => ({flow})}),
		onError: (_, error) => errors.push(error),
		atOnce: Infinity,
	});
	let ids = 0;
	const app = createApi({
		ports: place.ports,
		runs: place.runs,
		out: place.out.uri,
		flows: {thumbnail: {load: async () => flow}},
		defaults: {flow: 'thumbnail', engine: 'in-process', maxWorkers: 1},
		engines: ['in-process'],
		pinS3: async () => {
			throw new TypeError('there is no S3 here');
		},
		start: async runId => queue.start(runId),
		newId: () => `run-${ids++}`,
		onFailure: ({error}) => errors.push(error),
	});
	const server = await runServer(request => app.fetch(request), {port: 0});
	return {
		baseUrl: `http://127.0.0.1:${server.port}`,
		bodies: {
			succeeding: itemsOf('a', 'b', 'c'),
			failing: {body: itemsOf('a', 'bad', 'b', 'bad'), code: 'NO_PICTURE'},
			lasting: {...itemsOf('a', 'hold', 'b', 'hold'), limits: {fetchTimeoutMs: 900_000}},
		},
		async dispose() {
			stop.abort('INTERRUPTED');
			await server.close();
			await queue.close();
			await rm(folder, {recursive: true, force: true});
			if (errors.length > 0) throw new AggregateError(errors, 'nobody should fail');
		},
	};
});
