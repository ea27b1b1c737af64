import {once} from 'node:events';
import type {Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {createAdaptorServer} from '@hono/node-server';
import {placeError} from '../failure.ts';
import {refuseStranger} from './refuse-strangers.ts';

export interface RunningServer {
	readonly port: number;
	/** Takes no new request, and waits a moment for those that are being answered. */
	close(): Promise<void>;
}

/** For an answer that is on its way. */
const CLOSE_MS = 500;

/** Serves on this machine alone. @throws CommandError when the port is taken. */
export async function runServer(
	fetch: (request: Request) => Response | Promise<Response>,
	{port}: {readonly port: number},
): Promise<RunningServer> {
	const answer = (request: Request): Response | Promise<Response> => refuseStranger(request, portOf(server)) ?? fetch(request);
	const server = createAdaptorServer({fetch: answer, overrideGlobalObjects: false}) as Server;
	server.listen({port, host: '127.0.0.1'});
	try {
		await once(server, 'listening');
	} catch (error) {
		const reason = (error as NodeJS.ErrnoException).code === 'EADDRINUSE' ? 'something else listens there' : String(error);
		throw placeError(`Port ${port} cannot be used: ${reason}. Give another one with --port.`, error);
	}
	return {port: portOf(server), close: () => close(server)};
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

async function close(server: Server): Promise<void> {
	const closed = once(server, 'close');
	server.close();
	server.closeIdleConnections();
	const timer = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
	await closed;
	clearTimeout(timer);
}
