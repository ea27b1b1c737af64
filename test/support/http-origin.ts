import {once} from 'node:events';
import {createServer as createTcpServer, type AddressInfo, type Socket} from 'node:net';
import {createServer as createTlsServer} from 'node:tls';
import {gzipSync} from 'node:zlib';

/** What the server does with one request. Everything has an honest default: 200, the body's own length, connection kept. */
export interface Answer {
	/** Default 200. */
	readonly status?: number;
	/** On top of the framing headers; a list repeats the header. */
	readonly headers?: Readonly<Record<string, string | readonly string[]>>;
	readonly body?: Uint8Array | string;
	/** `length` announces it, `chunked` does not, `close` lets the end of the connection end the body. Default `length`. */
	readonly framing?: 'length' | 'chunked' | 'close';
	/** A Content-Length other than the body's. */
	readonly announce?: number;
	/** Bytes written instead of status line and headers: whatever is not HTTP. */
	readonly raw?: Uint8Array | string;
	/** Nothing is written before it resolves. */
	readonly before?: Promise<unknown>;
	/** Only the head and this many bytes of the body are written, and then `ending` happens. */
	readonly cutAt?: number;
	/** The rest of a cut body is written when it resolves. */
	readonly resume?: Promise<unknown>;
	/** After the last byte: keep the connection, FIN, RST, or nothing more while it stays open. Default `keep`. */
	readonly ending?: 'keep' | 'end' | 'reset' | 'stall';
}

export interface OriginRequest {
	readonly path: string;
	/** Request line and headers as they came. */
	readonly head: string;
	/** How many requests for this path came before. */
	readonly earlier: number;
}

/** One answer for all, one after the other (the last one repeats), or made from the request. */
export type Behaviour = Answer | readonly Answer[] | ((request: OriginRequest) => Answer | Promise<Answer>);

export const serve = (body: Uint8Array | string, headers: Answer['headers'] = {}): Answer => ({body, headers});
export const status = (code: number, headers: Answer['headers'] = {}, body = 'no'): Answer => ({status: code, headers, body});
export const redirect = (location: string, code = 302): Answer => ({status: code, headers: {location}, body: 'moved'});
export const chunked = (body: Uint8Array | string): Answer => ({body, framing: 'chunked'});
export const untilClose = (body: Uint8Array | string): Answer => ({body, framing: 'close', ending: 'end'});
export const truncated = (body: Uint8Array | string, cutAt: number): Answer => ({body, cutAt, ending: 'end'});
export const resetInBody = (body: Uint8Array | string, cutAt: number): Answer => ({body, cutAt, ending: 'reset'});
export const stallInBody = (body: Uint8Array | string, cutAt: number): Answer => ({body, cutAt, ending: 'stall'});
export const gzipUnasked = (body: Uint8Array | string): Answer => ({body: gzipSync(body), headers: {'content-encoding': 'gzip'}});
export const resetBeforeHeaders: Answer = {raw: '', ending: 'reset'};
export const closeBeforeHeaders: Answer = {raw: '', ending: 'end'};
export const stallBeforeHeaders: Answer = {raw: '', ending: 'stall'};
export const empty: Answer = {body: ''};
export const noContent: Answer = {raw: 'HTTP/1.1 204 No Content\r\n\r\n'};
export const garbage: Answer = {raw: 'SSH-2.0-OpenSSH_9.2\r\n', ending: 'end'};

export interface HttpOrigin extends AsyncDisposable {
	/** `http://127.0.0.1:port` */
	readonly origin: string;
	/** The whole URL of a path. */
	url(path: string): string;
	/** What `path` (with its query) answers from now on; a path without a behaviour answers 404. */
	on(path: string, behaviour: Behaviour): void;
	/** Requests so far, in the order they came; connections so far; the most requests that were open at one time. */
	readonly requests: readonly OriginRequest[];
	readonly connections: number;
	readonly maxInFlight: number;
}

export interface HttpOriginOptions {
	/** Default 127.0.0.1. */
	readonly host?: string;
	/** PEM of both: the server then speaks TLS. */
	readonly tls?: {readonly key: string; readonly cert: string};
}

/** A real server on a free port that misbehaves on cue, written on bare sockets so that nothing corrects it. */
export async function httpOrigin(options: HttpOriginOptions = {}): Promise<HttpOrigin> {
	const {host = '127.0.0.1', tls} = options;
	const behaviours = new Map<string, Behaviour>();
	const requests: OriginRequest[] = [];
	const sockets = new Set<Socket>();
	const counts = {connections: 0, inFlight: 0, maxInFlight: 0};

	async function answer(socket: Socket, head: string): Promise<void> {
		const path = head.split(' ', 2)[1] ?? '/';
		const request = {path, head, earlier: requests.filter(other => other.path === path).length};
		requests.push(request);
		counts.inFlight++;
		counts.maxInFlight = Math.max(counts.maxInFlight, counts.inFlight);
		try {
			await writeAnswer(socket, await pick(behaviours.get(path), request));
		} finally {
			counts.inFlight--;
		}
	}

	const accept = (socket: Socket): void => {
		counts.connections++;
		sockets.add(socket);
		socket.on('close', () => sockets.delete(socket));
		// The client's resets are what these tests are about.
		socket.on('error', () => {});
		void readRequests(socket, head => answer(socket, head));
	};
	const server = tls ? createTlsServer(tls, accept) : createTcpServer({noDelay: true}, accept);
	await once(server.listen(0, host), 'listening');
	const {port} = server.address() as AddressInfo;
	const origin = `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;

	return {
		origin,
		url: path => origin + path,
		on: (path, behaviour) => void behaviours.set(path, behaviour),
		requests,
		get connections() {
			return counts.connections;
		},
		get maxInFlight() {
			return counts.maxInFlight;
		},
		async [Symbol.asyncDispose]() {
			for (const socket of sockets) socket.destroy();
			await new Promise(resolve => server.close(resolve));
		},
	};
}

async function pick(behaviour: Behaviour | undefined, request: OriginRequest): Promise<Answer> {
	if (behaviour === undefined) return status(404);
	if (typeof behaviour === 'function') return behaviour(request);
	if (!Array.isArray(behaviour)) return behaviour as Answer;
	const answers = behaviour as readonly Answer[];
	return answers[Math.min(request.earlier, answers.length - 1)] ?? status(404);
}

/** Cuts what comes in into request heads; requests carry no body here. */
async function readRequests(socket: Socket, onHead: (head: string) => Promise<void>): Promise<void> {
	let text = '';
	try {
		for await (const chunk of socket) {
			text += String(chunk);
			for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
				const head = text.slice(0, end);
				text = text.slice(end + 4);
				await onHead(head);
			}
		}
	} catch {
		// The connection is gone: nobody is left to answer.
	}
}

async function writeAnswer(socket: Socket, answer: Answer): Promise<void> {
	const {body = '', framing = 'length', cutAt, resume, ending = 'keep'} = answer;
	await answer.before;
	const bytes = typeof body === 'string' ? Buffer.from(body) : body;
	await write(socket, answer.raw ?? headOf(answer, bytes.length));
	if (answer.raw === undefined && bytes.length > 0) {
		await write(socket, frame(bytes.subarray(0, cutAt ?? bytes.length), framing));
		if (resume) {
			await resume;
			await write(socket, frame(bytes.subarray(cutAt ?? bytes.length), framing));
		}
	}
	if (framing === 'chunked' && (cutAt === undefined || resume)) await write(socket, '0\r\n\r\n');
	await finish(socket, ending);
}

function headOf({status: code = 200, headers = {}, framing = 'length', announce}: Answer, length: number): string {
	const lines = [`HTTP/1.1 ${code} Whatever`];
	if (framing === 'length') lines.push(`content-length: ${announce ?? length}`);
	if (framing === 'chunked') lines.push('transfer-encoding: chunked');
	if (framing === 'close') lines.push('connection: close');
	for (const [name, value] of Object.entries(headers)) {
		for (const one of typeof value === 'string' ? [value] : value) lines.push(`${name}: ${one}`);
	}
	return `${lines.join('\r\n')}\r\n\r\n`;
}

function frame(bytes: Uint8Array, framing: Answer['framing']): Uint8Array {
	if (framing !== 'chunked' || bytes.length === 0) return bytes;
	return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}

/** Resolves when the bytes are handed to the system, or at once when the client has gone. */
async function write(socket: Socket, bytes: Uint8Array | string): Promise<void> {
	if (bytes.length === 0 || socket.destroyed) return;
	await new Promise<void>(resolve => {
		socket.once('close', resolve);
		socket.write(bytes, () => {
			socket.off('close', resolve);
			resolve();
		});
	});
}

async function finish(socket: Socket, ending: Answer['ending']): Promise<void> {
	if (ending === 'end') socket.end();
	if (ending === 'reset') socket.resetAndDestroy();
	if (ending === 'stall' && !socket.destroyed) await once(socket, 'close');
}
