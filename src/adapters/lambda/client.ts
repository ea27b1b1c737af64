import {Agent as HttpAgent} from 'node:http';
import {Agent as HttpsAgent} from 'node:https';
import {LambdaClient} from '@aws-sdk/client-lambda';
import {NodeHttpHandler} from '@smithy/node-http-handler';

export interface LambdaClientOptions {
	/** Invocations at once, at most: each of them holds a socket for as long as its worker works. Default 50. */
	readonly maxWorkers?: number;
	/** The time limit of the function that is invoked, in milliseconds. Default: Lambda's own, 15 minutes. */
	readonly timeLimitMs?: number;
	readonly region?: string;
	readonly endpoint?: string;
}

const LONGEST_LIMIT_MS = 900_000;
const MARGIN_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5000;
// A NAT gateway forgets a silent connection after 350 s, and a worker is silent until it answers.
const KEEP_ALIVE_MS = 60_000;

/** A client for calls that last minutes: as many sockets as workers, never a second try of its own. */
export function openLambdaClient({maxWorkers = 50, timeLimitMs = LONGEST_LIMIT_MS, ...config}: LambdaClientOptions = {}): LambdaClient {
	const agent = {keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS, maxSockets: maxWorkers};
	return new LambdaClient({
		...config,
		maxAttempts: 1,
		requestHandler: new NodeHttpHandler({
			httpAgent: new HttpAgent(agent),
			httpsAgent: new HttpsAgent(agent),
			connectionTimeout: CONNECT_TIMEOUT_MS,
			requestTimeout: timeLimitMs + MARGIN_MS,
			throwOnRequestTimeout: true,
		}),
	});
}
