export interface HostSettings {
	readonly port: number;
	/** Everything that LocalStack writes goes below it. */
	readonly folder: string;
	/** What runs the functions. */
	readonly node: string;
	readonly searchPath: string;
}

/** LocalStack's whole environment in host mode. */
export function localStackSettings({port, folder, node, searchPath}: HostSettings): Readonly<Record<string, string>> {
	return {
		PATH: searchPath,
		HOME: folder,
		LANG: 'C.UTF-8',
		GATEWAY_LISTEN: `127.0.0.1:${port}`,
		LOCALSTACK_HOST: `localhost:${port}`,
		// Else it binds port 53 and, as root, changes the machine's resolver.
		DNS_ADDRESS: '0',
		// No telemetry, no certificate from outside: nothing leaves the machine.
		DISABLE_EVENTS: '1',
		SKIP_SSL_CERT_DOWNLOAD: '1',
		// Without these it writes beside the package, into /tmp and into the home folder.
		OVERRIDE_IN_DOCKER: '0',
		FILESYSTEM_ROOT: `${folder}/fs`,
		TMPDIR: `${folder}/tmp`,
		XDG_CACHE_HOME: `${folder}/cache`,
		// Else queues are named after sub-domains of localhost, which Node does not resolve.
		SQS_ENDPOINT_STRATEGY: 'dynamic',
		S3_SKIP_SIGNATURE_VALIDATION: '0',
		LAMBDA_RUNTIME_EXECUTOR: 'process',
		LAMBDA_PROCESS_NODE: node,
		LAMBDA_PROCESS_MEMORY: 'enforce',
		LAMBDA_PROCESS_FREEZE: '1',
		// A second less for each function of a deployment.
		LAMBDA_SYNCHRONOUS_CREATE: '1',
		// The retries of asynchronous calls come after 1 and 2 seconds, not after 1 and 2 minutes.
		LAMBDA_RETRY_BASE_DELAY: '1',
		LAMBDA_KEEPALIVE_MS: '60000',
		LAMBDA_RUNTIME_ENVIRONMENT_TIMEOUT: '20',
	};
}

/** What the SDKs, the AWS command line and `serverless` need to talk to it. */
export function clientEnvironment(endpoint: string): Readonly<Record<string, string>> {
	return {
		AWS_ENDPOINT_URL: endpoint,
		// With any others a presigned URL is refused.
		AWS_ACCESS_KEY_ID: 'test',
		AWS_SECRET_ACCESS_KEY: 'test',
		AWS_REGION: 'us-east-1',
		AWS_DEFAULT_REGION: 'us-east-1',
		SLS_TELEMETRY_DISABLED: '1',
		SLS_NOTIFICATIONS_MODE: 'off',
		// Asks every half second how a deployment goes, not every five.
		SLS_AWS_MONITORING_FREQUENCY: '500',
		// Functions run on this machine's processor.
		LAMBDA_ARCH: process.arch === 'arm64' ? 'arm64' : 'x86_64',
	};
}
