import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {readConfig} from '../../functions/config.ts';
import {triggers} from '../../src/events/triggers.ts';
import {type Loose, type Template, copyService, packageService} from '../support/package-service.ts';

let folder: string;
let template: Template;
let local: Template;

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'twolane-template-'));
	await copyService(folder);
	template = await packageService(folder);
	local = await packageService(folder, ['--stage', 'local']);
});
afterAll(async () => await rm(folder, {recursive: true, force: true}));

const ofType = (type: string, from: Template = template) => Object.entries(from.Resources).filter(([, {Type}]) => Type === type);
const one = (name: string) => template.Resources[name]?.Properties ?? {};
const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);
/** CloudFormation's ways to write a text, as a text. */
function show(value: unknown): string {
	if (typeof value === 'string') return value;
	const entry = Object.entries((value ?? {}) as Record<string, unknown>)[0] ?? [];
	return entry[0] === 'Fn::Sub' ? String(entry[1]) : JSON.stringify(value);
}

interface Statement {
	readonly Effect: string;
	readonly Action: string | readonly string[];
	readonly Resource: unknown;
}
const allowed = (role: string): readonly (readonly [action: string, resource: string])[] =>
	(one(role).Policies as {readonly PolicyDocument: {readonly Statement: readonly Statement[]}}[])
		.flatMap(({PolicyDocument}) => PolicyDocument.Statement)
		.flatMap(({Action, Resource}) =>
			asList(Action).flatMap(action => asList(Resource).map(resource => [String(action), show(resource)] as const)),
		);

const bucket = 'arn:${AWS::Partition}:s3:::twolane-dev-${AWS::AccountId}-${AWS::Region}';
const roles = ['ApiRole', 'OnObjectRole', 'OrchestratorRole', 'WorkerRole', 'MachineRole'];

describe('permissions', () => {
	it('gives each function a role of its own', () => {
		const used = ofType('AWS::Lambda::Function').map(([, {Properties}]) => Properties.Role['Fn::GetAtt'][0] as string);
		expect(used.toSorted()).toEqual(['ApiRole', 'OnObjectRole', 'OrchestratorRole', 'WorkerRole']);
	});

	it.each(roles)('%s allows no action and no resource that is not named', role => {
		const grants = allowed(role);
		expect(grants.length).toBeGreaterThan(2);
		for (const [action, resource] of grants) {
			expect(action).toMatch(/^[a-z0-9]+:[A-Za-z]+$/u);
			expect(resource).not.toBe('*');
			// Ends of names only: objects of a bucket, streams of a log group, executions of a machine.
			expect(resource.replace(/(?:\/|:)\*$/u, '')).not.toContain('*');
		}
	});

	it('denies everybody everything over plain HTTP, which is the one place for stars', () => {
		const starred = JSON.stringify(template).match(/"(?:\*|[a-z0-9]+:\*)"/gu);
		const ours = JSON.stringify(one('BucketPolicy')).match(/"(?:\*|[a-z0-9]+:\*)"/gu);
		const tools = JSON.stringify(one('ServerlessDeploymentBucketPolicy')).match(/"(?:\*|[a-z0-9]+:\*)"/gu);
		expect(ours).toEqual(['"*"', '"s3:*"']);
		expect(starred?.length).toBe(2 + (tools?.length ?? 0));
		expect(one('BucketPolicy').PolicyDocument.Statement[0]).toMatchObject({
			Effect: 'Deny',
			Condition: {Bool: {'aws:SecureTransport': 'false'}},
		});
	});

	it('lets nobody write where inputs lie', () => {
		for (const role of roles) {
			const writes = allowed(role).filter(([action]) => /^s3:(?:Put|Delete)/u.test(action));
			for (const [, resource] of writes) expect(resource.slice(`${bucket}/`.length)).toMatch(/^thumbnails\//u);
		}
	});

	it('lists its own bucket without a condition', () => {
		for (const role of roles.slice(0, 4)) expect(allowed(role)).toContainEqual(['s3:ListBucket', bucket]);
	});

	it('lets the api invoke the orchestrator and nothing else', () => {
		const invoked = allowed('ApiRole').filter(([action]) => action === 'lambda:InvokeFunction');
		expect(invoked.map(([, resource]) => resource.split(':').at(-1))).toEqual(['twolane-dev-orchestrator']);
	});

	it('reads other buckets when they are named', async () => {
		const other = await packageService(folder, ['--param', 'sourceBuckets=photos,scans']);
		const text = JSON.stringify(other.Resources.WorkerRole);
		for (const name of ['photos', 'scans']) expect(text).toContain(`arn:\${AWS::Partition}:s3:::${name}/*`);
		expect(other.Resources.WorkerLambdaFunction?.Properties.Environment.Variables.TWOLANE_SOURCE_BUCKETS).toBe('photos,scans');
	});
});

describe('the bucket', () => {
	it('is encrypted and shut to the public', () => {
		const {BucketEncryption, PublicAccessBlockConfiguration} = one('Bucket');
		expect(BucketEncryption.ServerSideEncryptionConfiguration).toEqual([{ServerSideEncryptionByDefault: {SSEAlgorithm: 'AES256'}}]);
		expect(PublicAccessBlockConfiguration).toEqual({
			BlockPublicAcls: true,
			BlockPublicPolicy: true,
			IgnorePublicAcls: true,
			RestrictPublicBuckets: true,
		});
	});

	it('forgets scratch after a week and unfinished uploads after a day, and nothing else', () => {
		const rules = one('Bucket').LifecycleConfiguration.Rules as readonly Record<string, unknown>[];
		expect(
			rules.map(({Prefix, ExpirationInDays, AbortIncompleteMultipartUpload}) => [Prefix, ExpirationInDays, AbortIncompleteMultipartUpload]),
		).toEqual([
			['thumbnails/.twolane/work/', 7, undefined],
			['thumbnails/.twolane/spool/', 7, undefined],
			[undefined, undefined, {DaysAfterInitiation: 1}],
		]);
	});

	it('tells EventBridge, and on-object of new objects below the prefixes that the code knows', () => {
		const {EventBridgeConfiguration, LambdaConfigurations} = one('Bucket').NotificationConfiguration;
		expect(EventBridgeConfiguration).toEqual({EventBridgeEnabled: true});
		const prefixes = LambdaConfigurations.map((each: Loose) => {
			expect(each).toMatchObject({Event: 's3:ObjectCreated:*', Function: {'Fn::GetAtt': ['OnDashobjectLambdaFunction', 'Arn']}});
			return each.Filter.S3Key.Rules[0].Value as string;
		});
		expect(prefixes.toSorted()).toEqual(Object.values(triggers).toSorted());
	});

	it('may call on-object before it is made', () => {
		expect(template.Resources.Bucket?.DependsOn).toEqual(['MayCallOnObject']);
		expect(one('MayCallOnObject')).toMatchObject({
			Principal: 's3.amazonaws.com',
			SourceArn: {'Fn::Sub': bucket},
			SourceAccount: {Ref: 'AWS::AccountId'},
		});
	});

	it.each(['uploads', 'uploads/thumbs', 'manifests/', '/'])('cannot have its outputs in %j: they would be inputs', async outPrefix => {
		await expect(packageService(folder, ['--param', `outPrefix=${outPrefix}`])).rejects.toThrow('would be inputs again');
	});
});

describe('functions', () => {
	it('run on Node 24, on the architecture that was built', () => {
		for (const [, {Properties}] of ofType('AWS::Lambda::Function')) {
			expect(Properties).toMatchObject({Runtime: 'nodejs24.x', Architectures: ['arm64']});
		}
	});

	it('have an environment that their code accepts', () => {
		for (const [, {Properties}] of ofType('AWS::Lambda::Function')) {
			const variables = Object.fromEntries(
				Object.entries(Properties.Environment.Variables as Record<string, unknown>).map(([name, value]) => [name, show(value)]),
			);
			const config = readConfig({...variables, AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(Properties.MemorySize)});
			expect(config).toMatchObject({worker: 'twolane-dev-worker', orchestrator: 'twolane-dev-orchestrator', maxWorkers: 50});
			expect(variables).toMatchObject({UV_THREADPOOL_SIZE: '16', MALLOC_ARENA_MAX: '2'});
		}
	});

	it('keep their logs for 30 days', () => {
		const groups = ofType('AWS::Logs::LogGroup').map(([, {Properties}]) => [Properties.LogGroupName, Properties.RetentionInDays]);
		expect(groups).toEqual(['api', 'on-object', 'orchestrator', 'worker'].map(name => [`/aws/lambda/twolane-dev-${name}`, 30]));
	});

	it('send what failed on every try to the queue', () => {
		const destinations = ofType('AWS::Lambda::EventInvokeConfig').map(([, {Properties}]) => [
			Properties.FunctionName.Ref,
			Properties.MaximumRetryAttempts,
			Properties.DestinationConfig.OnFailure.Destination,
		]);
		const queue = {'Fn::GetAtt': ['Failures', 'Arn']};
		expect(destinations).toEqual([
			['OnDashobjectLambdaFunction', 2, queue],
			['OrchestratorLambdaFunction', 2, queue],
		]);
		for (const role of ['OnObjectRole', 'OrchestratorRole']) expect(allowed(role)).toContainEqual(['sqs:SendMessage', show(queue)]);
		expect(one('Failures').SqsManagedSseEnabled).toBe(true);
	});

	it('reserve nothing by default, and what is asked for', async () => {
		expect(one('WorkerLambdaFunction')).not.toHaveProperty('ReservedConcurrentExecutions');
		const asked = await packageService(folder, ['--param', 'reservedConcurrency=100', '--param', 'memory=3538']);
		expect(asked.Resources.WorkerLambdaFunction?.Properties).toMatchObject({ReservedConcurrentExecutions: 100, MemorySize: 3538});
	});

	it('sweep every minute', () => {
		expect(one('OrchestratorEventsRuleSchedule1')).toMatchObject({ScheduleExpression: 'rate(1 minute)', State: 'ENABLED'});
		expect(one('OrchestratorEventsRuleSchedule1').Targets[0].Input).toBe('{"sweep":true}');
	});
});

it('asks for IAM authorisation on every route but the health check', () => {
	const methods = ofType('AWS::ApiGateway::Method').map(([name, {Properties}]) => [name, Properties.AuthorizationType]);
	expect(Object.fromEntries(methods)).toEqual({
		ApiGatewayMethodAny: 'AWS_IAM',
		ApiGatewayMethodProxyVarAny: 'AWS_IAM',
		ApiGatewayMethodHealthzAny: 'NONE',
	});
});

describe('the state machine', () => {
	const definitionOf = (from: Template): Loose => JSON.parse(from.Resources.Machine?.Properties.DefinitionString);

	it('has the fields that AWS needs, on AWS only', () => {
		const {ToleratedFailurePercentage, ResultWriter} = definitionOf(template).States.Shards;
		expect(ToleratedFailurePercentage).toBe(100);
		expect(ResultWriter.Parameters.Bucket).toBe('${Bucket}');
		expect(definitionOf(local).States.Shards).not.toHaveProperty('ResultWriter');
		expect(definitionOf(local).States.Shards).not.toHaveProperty('ToleratedFailurePercentage');
	});

	it('says null where it means nothing, so that no output of a child is kept', () => {
		const {Shards} = definitionOf(template).States;
		expect(Shards.ItemProcessor.States.Done).toEqual({Type: 'Succeed', OutputPath: null});
		expect(Shards.ResultPath).toBeNull();
	});

	it('is told every name that its definition leaves open', () => {
		const {DefinitionString, DefinitionSubstitutions} = one('Machine');
		const open = new Set([...String(DefinitionString).matchAll(/\$\{(\w+)\}/gu)].map(([, name = '']) => name));
		expect(new Set(Object.keys(DefinitionSubstitutions))).toEqual(open);
	});

	it('may start its own children, by a policy that comes after it', () => {
		const {Statement} = one('MachineOwnChildren').PolicyDocument;
		expect(Statement.map(({Action}: {Action: unknown}) => Action)).toEqual([
			'states:StartExecution',
			['states:DescribeExecution', 'states:StopExecution'],
		]);
		expect(show(Statement[0].Resource)).toMatch(/:stateMachine:twolane-dev-shards$/u);
		expect(one('MachineOwnChildren').Roles).toEqual([{Ref: 'MachineRole'}]);
	});

	it('may invoke the worker and the orchestrator, and read plans', () => {
		const invoked = allowed('MachineRole').filter(([action]) => action === 'lambda:InvokeFunction');
		expect(invoked.map(([, resource]) => resource.split(':').at(-1))).toEqual(['twolane-dev-worker', 'twolane-dev-orchestrator']);
		expect(allowed('MachineRole')).toContainEqual(['s3:GetObject', `${bucket}/thumbnails/.twolane/*`]);
	});
});

it('tells whoever comes from the command line where everything is', () => {
	for (const name of ['Bucket', 'Out', 'Orchestrator', 'Worker', 'StateMachine', 'Api']) expect(template.Outputs).toHaveProperty(name);
	expect(show(template.Outputs.Worker?.Value)).toBe('twolane-dev-worker');
});
