import {SFNClient} from '@aws-sdk/client-sfn';
import {NodeHttpHandler} from '@smithy/node-http-handler';

const CONNECT_TIMEOUT_MS = 5000;
const REQUEST_TIMEOUT_MS = 20_000;

/** A client that does not wait for ever. */
export const openStepFunctionsClient = (config: {readonly region?: string; readonly endpoint?: string} = {}): SFNClient =>
	new SFNClient({
		...config,
		requestHandler: new NodeHttpHandler({
			connectionTimeout: CONNECT_TIMEOUT_MS,
			requestTimeout: REQUEST_TIMEOUT_MS,
			throwOnRequestTimeout: true,
		}),
	});
