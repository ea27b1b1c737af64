import {S3Client} from '@aws-sdk/client-s3';
import {NodeHttpHandler} from '@smithy/node-http-handler';

export interface S3ClientOptions {
	/** Another place than AWS, such as LocalStack; buckets then stand in the path, since their names do not resolve as hosts. */
	readonly endpoint?: string | undefined;
	/** Default: what the SDK finds in its own settings. */
	readonly region?: string | undefined;
	/** Requests at once, at most: those beyond wait. Default: 256. */
	readonly maxSockets?: number | undefined;
}

/** Reading or writing nothing for so long is a stall; the SDK by itself would wait for ever. */
const TIME_LIMITS = {connectionTimeout: 5000, socketTimeout: 20_000, requestTimeout: 120_000, throwOnRequestTimeout: true} as const;
const DEFAULT_SOCKETS = 256;

const ignore = (): void => {};
/** A library prints nothing by itself. */
const silent = {trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore};

/** A client with time limits. Credentials come from where the SDK looks for them. */
export function openS3Client({endpoint, region, maxSockets = DEFAULT_SOCKETS}: S3ClientOptions = {}): S3Client {
	const agent = {keepAlive: true, maxSockets};
	return new S3Client({
		...(endpoint !== undefined && {endpoint, forcePathStyle: true}),
		...(region !== undefined && {region}),
		followRegionRedirects: true,
		logger: silent,
		requestHandler: new NodeHttpHandler({...TIME_LIMITS, httpAgent: agent, httpsAgent: agent, logger: silent}),
	});
}
