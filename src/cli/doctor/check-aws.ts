import type {AccountConcurrency, FunctionSettings} from '../../adapters/lambda/account.ts';
import {environment, s3Access} from '../environment.ts';
import {MB_PER_CORE} from '../plan/choose-workers.ts';
import {plural} from '../quantities.ts';
import {findStack} from '../stack.ts';
import type {AwsIdentity} from './ask-aws.ts';
import {isAwsConfigured} from './aws-environment.ts';
import type {Finding} from './finding.ts';

/** What is asked for needs AWS: without it, nothing there is worth more than a note. */
export interface AwsNeeds {
	readonly isNeeded: boolean;
	/** A deployed stack to look at. */
	readonly stack?: string | undefined;
}

/** Who we are to AWS, what Lambda allows, and how the stack's functions are deployed. One line where nobody has set AWS up. */
export async function checkAws({isNeeded, stack}: AwsNeeds): Promise<readonly Finding[]> {
	const access = s3Access();
	if (!isAwsConfigured(environment) && !isNeeded) {
		return [{check: 'aws', mark: 'note', found: 'no AWS credentials: only s3:// and --on need them'}];
	}
	const mark = isNeeded ? 'fix' : 'note';
	const {askIdentity, askConcurrency} = await import('./ask-aws.ts');
	const endpoint = access.endpoint === undefined ? [] : [await checkEndpoint(access.endpoint, mark)];
	if (endpoint.some(({mark: found}) => found !== 'ok')) return endpoint;
	const identity = await askIdentity(access).then(judgeIdentity, (error: unknown) => describeStranger(error, mark));
	if (identity.mark !== 'ok') return [...endpoint, identity];
	const lambda = await askConcurrency(access).then(judgeConcurrency, (error: unknown) => unseen('lambda', error));
	return [...endpoint, identity, lambda, ...(await checkStack(stack))];
}

const judgeIdentity = ({account, arn, region}: AwsIdentity): Finding => ({
	check: 'aws',
	mark: 'ok',
	found: `account ${account} in ${region}, as ${arn}`,
});

function describeStranger(error: unknown, mark: Finding['mark']): Finding {
	const {name, message} = error as Error;
	const isRegion = /region/iu.test(message) && /missing/iu.test(message);
	const advice = isRegion
		? 'Set AWS_REGION, such as eu-central-1.'
		: 'Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; an expired login wants aws sso login.';
	return {check: 'aws', mark, found: `AWS does not know who we are: ${name}: ${message}`, advice: `${advice} Only s3:// and --on need it.`};
}

/** Fewer than this is what new accounts begin with; orchestrator, API and events need some of it. */
const COMFORTABLE_CONCURRENCY = 100;
const FOR_OTHERS = 5;

export function judgeConcurrency({total, unreserved}: AccountConcurrency): Finding {
	const found = `${total} functions at once in this account and region, ${unreserved} of them not reserved`;
	if (unreserved >= COMFORTABLE_CONCURRENCY) return {check: 'lambda', mark: 'ok', found};
	const most = Math.max(1, unreserved - FOR_OTHERS);
	const advice = `Runs end complete all the same: workers beyond it wait. Use --max-workers ${most}, or ask for more: Service Quotas, AWS Lambda, Concurrent executions.`;
	return {check: 'lambda', mark: 'note', found, advice};
}

async function checkStack(name: string | undefined): Promise<readonly Finding[]> {
	if (name === undefined) return [{check: 'worker', mark: 'ok', found: unknownMemory}];
	try {
		const {look, out} = await findStack(name);
		return [{check: 'stack', mark: 'ok', found: `${name} writes to ${out}`}, judgeWorker((await look()).worker)];
	} catch (error) {
		return [{check: 'stack', mark: 'fix', found: (error as Error).message}];
	}
}

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: new accounts have less, and no call tells. */
const NEW_ACCOUNT_MB = 3008;
const unknownMemory = `functions may have up to 10,240 MB, in a new account perhaps ${NEW_ACCOUNT_MB}: only a deploy can tell; --on STACK shows what was deployed`;

export function judgeWorker({memoryMB, timeLimitMs}: FunctionSettings): Finding {
	const cores = memoryMB / MB_PER_CORE;
	const found = `${memoryMB} MB, ${Number(cores.toFixed(1))} cores, ${plural(timeLimitMs / 1000, 'second')} a turn`;
	if (memoryMB < MB_PER_CORE) {
		return {
			check: 'worker',
			mark: 'note',
			found,
			advice: `Less than a core: deploy with --param memory=${MB_PER_CORE} or a multiple of it.`,
		};
	}
	const isOld = memoryMB > NEW_ACCOUNT_MB ? '; this account is not held to the 3,008 MB of new ones' : '';
	return {check: 'worker', mark: 'ok', found: found + isOld};
}

const unseen = (check: string, error: unknown): Finding => ({check, mark: 'note', found: (error as Error).message});

const HEALTH_LIMIT_MS = 5000;

/** What stands in for AWS: LocalStack tells its version. */
async function checkEndpoint(endpoint: string, mark: Finding['mark']): Promise<Finding> {
	try {
		const response = await fetch(new URL('/_localstack/health', endpoint), {signal: AbortSignal.timeout(HEALTH_LIMIT_MS)});
		const health = response.ok ? ((await response.json().catch(() => undefined)) as {readonly version?: string} | undefined) : undefined;
		const what = health === undefined ? 'answers, and is no LocalStack' : `is LocalStack ${health.version ?? ''}`.trimEnd();
		return {check: 'endpoint', mark: 'ok', found: `${endpoint} ${what}`};
	} catch {
		const advice = 'Start it (npm run localstack in a checkout), or unset AWS_ENDPOINT_URL.';
		return {check: 'endpoint', mark, found: `${endpoint} does not answer (AWS_ENDPOINT_URL)`, advice};
	}
}
