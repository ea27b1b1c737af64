import {once} from 'node:events';
import {type IncomingMessage, type ServerResponse, createServer} from 'node:http';
import type {AddressInfo} from 'node:net';

export interface AwsRequest {
	readonly method: string;
	readonly path: string;
	readonly headers: IncomingMessage['headers'];
	readonly body: string;
}

export interface FakeAws extends AsyncDisposable {
	readonly endpoint: string;
	readonly requests: readonly AwsRequest[];
}

/** An endpoint that answers as it is told: for the answers that no LocalStack gives on cue. */
export async function startFakeAws(answer: (request: AwsRequest, response: ServerResponse) => void | Promise<void>): Promise<FakeAws> {
	const requests: AwsRequest[] = [];
	const server = createServer((message, response) => {
		const chunks: Buffer[] = [];
		message.on('data', (chunk: Buffer) => chunks.push(chunk));
		message.on('end', () => {
			const request = {
				method: message.method ?? '',
				path: message.url ?? '',
				headers: message.headers,
				body: Buffer.concat(chunks).toString(),
			};
			requests.push(request);
			void answer(request, response);
		});
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	return {
		endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		requests,
		async [Symbol.asyncDispose]() {
			server.closeAllConnections();
			server.close();
			await once(server, 'close');
		},
	};
}
