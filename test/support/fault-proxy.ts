import {once} from 'node:events';
import {type IncomingMessage, type ServerResponse, createServer, request} from 'node:http';
import type {AddressInfo} from 'node:net';

/** What becomes of one request. */
export type Fault =
	/** It is done, and nobody hears of it. */
	| {readonly kind: 'lose-answer'}
	/** It is not done; the connection ends. */
	| {readonly kind: 'cut'}
	/** The answer's body ends after so many bytes, with its connection. */
	| {readonly kind: 'cut-body'; readonly after: number}
	/** The answer's body stops after so many bytes, and the connection stays. */
	| {readonly kind: 'stall-body'; readonly after: number}
	/** No answer ever comes. */
	| {readonly kind: 'stall'}
	/** One bit of the answer's body is another. */
	| {readonly kind: 'flip'}
	/** It is not done, and this is answered. */
	| {readonly kind: 'answer'; readonly status: number; readonly code: string}
	/** It waits until the promise is kept, then it is done. */
	| {readonly kind: 'hold'; readonly until: () => Promise<unknown>};

export interface SeenRequest {
	readonly method: string;
	readonly path: string;
	readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface FaultProxy extends AsyncDisposable {
	readonly endpoint: string;
	/** All requests so far, in the order in which they came. */
	readonly seen: readonly SeenRequest[];
	/** `GET PUT PUT`: what has been asked since the last time. */
	methods(): string;
	/** The next requests of this method have these fates; those after them have none. */
	fail(method: string, ...faults: readonly (Fault | undefined)[]): void;
}

/** A proxy between the SDK and LocalStack that makes faults on cue. It changes nothing else: paths, headers and bodies go through. */
export async function faultProxy(target: string): Promise<FaultProxy> {
	const {hostname, port} = new URL(target);
	const seen: SeenRequest[] = [];
	const queued = new Map<string, (Fault | undefined)[]>();
	let told = 0;

	async function serve(from: IncomingMessage, to: ServerResponse): Promise<void> {
		const {method = '', url: path = '', headers} = from;
		seen.push({method, path, headers});
		const fault = queued.get(method)?.shift();
		const body = Buffer.concat(await Array.fromAsync(from as AsyncIterable<Buffer>));
		if (fault?.kind === 'cut') return void from.socket.destroy();
		if (fault?.kind === 'stall') return undefined;
		if (fault?.kind === 'answer') return answer(to, fault);
		if (fault?.kind === 'hold') await fault.until();
		const forwarded = request({hostname, port, method, path, headers});
		forwarded.end(body);
		const [response] = (await once(forwarded, 'response')) as [IncomingMessage];
		const bytes = Buffer.concat(await Array.fromAsync(response as AsyncIterable<Buffer>));
		if (fault?.kind === 'lose-answer') return void from.socket.destroy();
		if (fault?.kind === 'flip') bytes[0] = (bytes[0] ?? 0) ^ 1;
		to.writeHead(response.statusCode ?? 0, response.headers);
		if (fault?.kind !== 'cut-body' && fault?.kind !== 'stall-body') return void to.end(bytes);
		to.write(bytes.subarray(0, fault.after), () => {
			if (fault.kind === 'cut-body') from.socket.destroy();
		});
	}

	const server = createServer((from, to) => {
		serve(from, to).catch(() => from.socket.destroy());
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	return {
		endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		seen,
		methods() {
			const news = seen.slice(told).map(({method}) => method);
			told = seen.length;
			return news.join(' ');
		},
		fail: (method, ...faults) => void queued.set(method, [...faults]),
		async [Symbol.asyncDispose]() {
			server.closeAllConnections();
			await new Promise(resolve => server.close(resolve));
		},
	};
}

function answer(to: ServerResponse, {status, code}: {readonly status: number; readonly code: string}): void {
	const xml = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>on cue</Message></Error>`;
	to.writeHead(status, {'content-type': 'application/xml', 'content-length': Buffer.byteLength(xml)});
	to.end(xml);
}
