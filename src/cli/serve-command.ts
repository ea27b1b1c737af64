import {ulid} from 'ulid';
import {createApi} from '../api/app.ts';
import type {Place} from '../local/place.ts';
import {thisMachine} from '../local/begin-run.ts';
import {layout, nameOf} from '../runs/layout.ts';
import {findSpec} from '../runs/spec.ts';
import type {WorkingRun} from '../runs/work-run.ts';
import {pinSource} from '../sources/pin-source.ts';
import {flows, openS3Reader} from '../wire.ts';
import {s3Access} from './environment.ts';
import {describeFailure, usageError} from './failure.ts';
import {listenForInterrupt} from './interrupt.ts';
import {openOutput} from './output-style.ts';
import {absolute, checkPlace, isS3Place, openPlaceAt, prepareFolders, showPath} from './run-place.ts';
import {filesBelow} from './serve/files-below.ts';
import {createRunQueue} from './serve/run-queue.ts';
import {runServer} from './serve/run-server.ts';
import {tellProgress} from './serve/tell-progress.ts';
import {workOnServedRun} from './serve/work-on-served-run.ts';

export interface ServeFlags {
	readonly port: number;
	readonly out: string;
}

/** `twolane serve --out DIR`: the HTTP API on this machine, until Ctrl-C. Its runs are worked on in this process. */
export async function serveCommand({port, out}: ServeFlags): Promise<number> {
	const style = openOutput({});
	const stop = listenForInterrupt(line => style.note(line));
	const place = await openServedPlace(out);
	const progress = tellProgress();
	const queue = createRunQueue({
		async work(runId) {
			let run: WorkingRun | undefined;
			const onWork = (working: WorkingRun): void => progress.add(place.folderOf(runId), (run = working));
			try {
				await workOnServedRun(place, runId, {stop, onWork});
			} finally {
				if (run) progress.remove(run);
			}
		},
		onError: (runId, error) => stop.aborted || style.note(`run ${runId}: ${describeFailure(error).message}`),
	});
	const app = openApi(place, {
		start: async runId => queue.start(runId),
		tell: line => style.note(line),
	});
	const server = await runServer(request => app.fetch(request), {port});
	for (const runId of await findOpenRuns(place)) queue.start(runId);
	await style.print(greet(server.port, out));
	await aborted(stop);
	await Promise.all([server.close(), queue.close()]);
	progress.stop();
	return 130;
}

async function openServedPlace(out: string): Promise<Place> {
	if (out.trim() === '') throw usageError('--out is empty: name a folder, or s3://bucket/prefix.');
	checkPlace('--out', out);
	await prepareFolders({out: absolute(out)});
	return await openPlaceAt({out: absolute(out)});
}

function openApi(
	place: Place,
	{start, tell}: {readonly start: (runId: string) => Promise<void>; readonly tell: (line: string) => void},
): ReturnType<typeof createApi> {
	const {ports, runs, folders, isStateApart} = place;
	const s3 = openS3Reader(s3Access());
	return createApi({
		ports,
		runs,
		out: place.out.uri,
		isStateApart,
		flows,
		defaults: {flow: 'thumbnail', ...thisMachine},
		engines: ['in-process'],
		pinS3: (uri, {extensions}) => pinSource(ports, uri, {exclude: folders, isOneOfMany: false, extensions, allowOrigins: [], s3}),
		files: filesBelow(''),
		start,
		newId: () => ulid().toLowerCase(),
		onFailure: ({requestId, error}) => tell(`request ${requestId}: ${describeFailure(error).message}`),
	});
}

/** Runs of this API that somebody should work on: the server that did was stopped or killed. Those of a command are its own. */
async function findOpenRuns({ports}: Place): Promise<readonly string[]> {
	const found: string[] = [];
	for await (const {key} of ports.state.list(layout.actives)) {
		const runId = nameOf(key);
		// What is damaged is told when it is asked for.
		const spec = await findSpec(ports, runId).catch(() => undefined);
		if (spec?.request !== undefined && spec.flowFile === undefined) found.push(runId);
	}
	return found;
}

function greet(port: number, out: string): string {
	const url = `http://127.0.0.1:${port}`;
	const body = '{"source": {"items": [{"url": "https://example.com/a.jpg"}]}}';
	return [
		`Serving ${isS3Place(out) ? out : showPath(absolute(out))} at ${url} (Ctrl-C ends it)`,
		`  curl ${url}/runs -H 'Content-Type: application/json' -d '${body}'`,
		`  curl ${url}/openapi.json`,
	].join('\n');
}

const aborted = (signal: AbortSignal): Promise<void> =>
	new Promise(done => {
		if (signal.aborted) done();
		else signal.addEventListener('abort', () => done(), {once: true});
	});
