/** Where the state machine runs: LocalStack refuses some of the fields that AWS needs. */
export type MachineTarget = 'aws' | 'localstack';

/** The deaths of a worker, in a row, after which a shard is left to the orchestrator: the worker after the third gives it up itself. */
const MOST_DEATHS = 5;
/** Also a brake, should a worker ever come back at once with nothing done. */
const PAUSE_SECONDS = 2;

// No verdict on the shard: there was no room, or Lambda itself failed. Hours of it are waited for.
const retryWhenThrottled = {
	ErrorEquals: [
		'Lambda.TooManyRequestsException',
		'Lambda.ServiceException',
		'Lambda.AWSLambdaException',
		'Lambda.SdkClientException',
		'Lambda.ResourceNotReadyException',
		'Lambda.ResourceConflictException',
	],
	IntervalSeconds: 1,
	BackoffRate: 2,
	MaxDelaySeconds: 30,
	MaxAttempts: 1000,
	JitterStrategy: 'FULL',
} as const;

/**
 * The state machine of the `distributed-map` engine. Its input is the one that `distributedMapEngine` gives; `${Worker}`,
 * `${Orchestrator}`, `${Bucket}` and `${State}` are put in when it is deployed.
 */
export function defineMachine({target}: {readonly target: MachineTarget}): object {
	return {
		Comment: 'Gives each shard of a plan to a worker until it is sealed, then lets the orchestrator finish the run.',
		StartAt: 'Shards',
		States: {
			Shards: {...map, ...(target === 'aws' ? onlyOnAws : {})},
			Finish: {
				Type: 'Task',
				Resource: 'arn:aws:states:::lambda:invoke',
				Parameters: {
					FunctionName: '${Orchestrator}',
					InvocationType: 'Event',
					Payload: {'runId.$': '$.runId', 'through.$': '$$.Execution.Name'},
				},
				Retry: [{...retryWhenThrottled, ErrorEquals: ['States.ALL'], MaxAttempts: 20}],
				OutputPath: null,
				End: true,
			},
		},
	};
}

const processor = {
	ProcessorConfig: {Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD'},
	StartAt: 'Work',
	States: {
		Work: {
			Type: 'Task',
			Resource: 'arn:aws:states:::lambda:invoke',
			Parameters: {
				FunctionName: '${Worker}',
				Payload: {'runId.$': '$.runId', 'generation.$': '$.generation', 'shard.$': '$.shard', 'life.$': '$.life'},
			},
			ResultSelector: {'told.$': '$.Payload'},
			ResultPath: '$.answer',
			Retry: [retryWhenThrottled],
			Catch: [{ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'CountDeath'}],
			Next: 'IsDone',
		},
		IsDone: {
			Type: 'Choice',
			Choices: [
				{
					Or: [
						{Variable: '$.answer.told.isSealed', BooleanEquals: true},
						{Variable: '$.answer.told.stopped', IsPresent: true},
					],
					Next: 'Done',
				},
			],
			Default: 'IsFurther',
		},
		// A worker whose time was up is followed by the next, one that got nowhere counts as dead.
		IsFurther: {
			Type: 'Choice',
			Choices: [{Variable: '$.answer.told.ended', NumericGreaterThanPath: '$.ended', Next: 'KeepEnded'}],
			Default: 'CountDeath',
		},
		KeepEnded: {Type: 'Pass', InputPath: '$.answer.told.ended', ResultPath: '$.ended', Next: 'Again'},
		Again: {Type: 'Pass', Result: 0, ResultPath: '$.deaths', Next: 'Pause'},
		CountDeath: {Type: 'Pass', Parameters: {'count.$': 'States.MathAdd($.deaths, 1)'}, ResultPath: '$.counted', Next: 'KeepCount'},
		KeepCount: {Type: 'Pass', InputPath: '$.counted.count', ResultPath: '$.deaths', Next: 'IsHopeless'},
		IsHopeless: {
			Type: 'Choice',
			Choices: [{Variable: '$.deaths', NumericGreaterThanEquals: MOST_DEATHS, Next: 'Done'}],
			Default: 'Pause',
		},
		Pause: {Type: 'Wait', Seconds: PAUSE_SECONDS, Next: 'Work'},
		// Outputs of all children together must stay below 256 KiB: the seals tell everything.
		Done: {Type: 'Succeed', OutputPath: null},
	},
} as const;

const map = {
	Type: 'Map',
	Label: 'shards',
	ItemReader: {
		Resource: 'arn:aws:states:::s3:getObject',
		ReaderConfig: {InputType: 'JSON'},
		Parameters: {'Bucket.$': '$$.Execution.Input.plan.bucket', 'Key.$': '$$.Execution.Input.plan.key'},
	},
	ItemSelector: {
		'runId.$': '$.runId',
		'generation.$': '$.generation',
		'life.$': '$.life',
		'shard.$': '$$.Map.Item.Value',
		deaths: 0,
		ended: 0,
	},
	MaxConcurrencyPath: '$.maxWorkers',
	ItemProcessor: processor,
	// Whatever became of the map, the orchestrator looks at the seals.
	Catch: [{ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Finish'}],
	ResultPath: null,
	Next: 'Finish',
} as const;

// LocalStack: a whole percentage is a syntax error, and its ResultWriter writes empty lists.
const onlyOnAws = {
	ToleratedFailurePercentage: 100,
	ResultWriter: {
		Resource: 'arn:aws:states:::s3:putObject',
		Parameters: {
			Bucket: '${Bucket}',
			'Prefix.$': "States.Format('${State}/work/{}/{}/map', $$.Execution.Input.runId, $$.Execution.Input.generation)",
		},
	},
} as const;
