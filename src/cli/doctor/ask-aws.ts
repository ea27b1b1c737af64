import {GetCallerIdentityCommand, STSClient} from '@aws-sdk/client-sts';
import {NodeHttpHandler} from '@smithy/node-http-handler';
import {type AccountConcurrency, readConcurrency} from '../../adapters/lambda/account.ts';
import {openLambdaClient} from '../../adapters/lambda/client.ts';

export interface AwsAccess {
	readonly endpoint?: string;
	readonly region?: string;
}

export interface AwsIdentity {
	readonly account: string;
	readonly arn: string;
	readonly region: string;
}

const CALL_LIMIT_MS = 10_000;
const TIME_LIMITS = {connectionTimeout: 5000, requestTimeout: CALL_LIMIT_MS, throwOnRequestTimeout: true} as const;

/** Who the credentials belong to. */
export async function askIdentity(access: AwsAccess): Promise<AwsIdentity> {
	const client = new STSClient({...access, maxAttempts: 2, requestHandler: new NodeHttpHandler(TIME_LIMITS)});
	try {
		const {Account: account = '', Arn: arn = ''} = await client.send(new GetCallerIdentityCommand());
		return {account, arn, region: await client.config.region()};
	} finally {
		client.destroy();
	}
}

export async function askConcurrency(access: AwsAccess): Promise<AccountConcurrency> {
	const client = openLambdaClient({...access, timeLimitMs: CALL_LIMIT_MS});
	return await readConcurrency(client).finally(() => client.destroy());
}
