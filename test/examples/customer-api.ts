import {once} from 'node:events';
import {type ServerResponse, createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {text} from 'node:stream/consumers';

/** How an id behaves; anything else is a customer who is there. */
export const isGone = (id: string): boolean => Number(id) % 50 === 7;
export const isShaky = (id: string): boolean => Number(id) % 97 === 0;
export const tierOf = (id: string): string => (Number(id) % 2 === 0 ? 'gold' : 'silver');

/** A customer without a tier, which no customer may be. */
export const ODD_ID = 'odd';

const LATENCY_MS = 3;

export interface CustomerApi extends AsyncDisposable {
	readonly api: string;
	/** For each request in the order they came: how many were open with it, and the answer's status. */
	readonly requests: readonly {readonly inFlight: number; readonly status: number}[];
}

/**
 * An API as they are: it refuses what comes while `mostInFlight` are open (now and then with a Retry-After), does not know every
 * customer, and fails some of them the first time.
 */
export async function customerApi({mostInFlight}: {readonly mostInFlight: number}): Promise<CustomerApi> {
	const requests: {inFlight: number; status: number}[] = [];
	const failedOnce = new Set<string>();
	let inFlight = 0;
	let refusals = 0;

	const statusOf = (id: string): number => {
		if (inFlight > mostInFlight) return 429;
		if (isGone(id)) return 404;
		if (!isShaky(id) || failedOnce.has(id)) return 200;
		failedOnce.add(id);
		return 500;
	};
	const refuse = (response: ServerResponse): void => {
		refusals++;
		if (refusals === 1) response.setHeader('retry-after', '1');
		else if (refusals % 3 === 0) response.setHeader('retry-after', '0');
	};

	const server = createServer((request, response) => {
		inFlight++;
		const id = decodeURIComponent(request.url?.split('/').at(-1) ?? '');
		const status = statusOf(id);
		requests.push({inFlight, status});
		response.statusCode = status;
		if (status === 429) refuse(response);
		const answer = (): void => {
			inFlight--;
			response.end(status === 200 ? JSON.stringify(id === ODD_ID ? {id} : {id, tier: tierOf(id)}) : 'no');
		};
		// A refusal costs the server nothing; a lookup takes its time.
		if (status === 429) answer();
		else setTimeout(answer, LATENCY_MS);
		void text(request);
	});
	await once(server.listen(0, '127.0.0.1'), 'listening');
	const {port} = server.address() as AddressInfo;

	return {
		api: `http://127.0.0.1:${port}/v1/`,
		requests,
		async [Symbol.asyncDispose]() {
			server.closeAllConnections();
			await new Promise(resolve => server.close(resolve));
		},
	};
}
