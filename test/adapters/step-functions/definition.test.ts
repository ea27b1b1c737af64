import {describe, expect, it} from 'vitest';
import {type MachineTarget, defineMachine} from '../../../src/adapters/step-functions/definition.ts';

interface State {
	readonly Type: string;
	readonly Next?: string;
	readonly Default?: string;
	readonly End?: boolean;
	readonly Choices?: readonly {readonly Next: string}[];
	readonly Catch?: readonly {readonly Next: string; readonly ErrorEquals: readonly string[]}[];
	readonly [field: string]: unknown;
}
interface Machine {
	readonly StartAt: string;
	readonly States: Readonly<Record<string, State>>;
}
const machineFor = (target: MachineTarget): Machine => defineMachine({target}) as Machine;
const childOf = (machine: Machine): Machine => machine.States.Shards?.ItemProcessor as Machine;
const targets = ['aws', 'localstack'] as const;

const nextOf = ({Next, Default, Choices = [], Catch = []}: State): readonly string[] => [
	...[Next, Default].filter(name => name !== undefined),
	...[...Choices, ...Catch].map(({Next: name}) => name),
];

describe.each(targets)('the machine for %s', target => {
	const machine = machineFor(target);

	it.each([
		['the machine', machine],
		['each child', childOf(machine)],
	])('of %s reaches every state, and names none that is missing', (_, {StartAt, States}) => {
		const reached = new Set<string>();
		const visit = (name: string): void => {
			if (reached.has(name)) return;
			reached.add(name);
			const state = States[name];
			if (state === undefined) throw new Error(`no state ${name}`);
			for (const next of nextOf(state)) visit(next);
		};
		visit(StartAt);
		expect([...reached].toSorted()).toEqual(Object.keys(States).toSorted());
	});

	it('ends each child with nothing to tell, whatever happened to it', () => {
		const {States} = childOf(machine);
		const ends = Object.entries(States).filter(([, {Type, End}]) => Type === 'Succeed' || Type === 'Fail' || End === true);
		expect(ends).toEqual([['Done', {Type: 'Succeed', OutputPath: null}]]);
	});

	it('catches every error of a worker, and waits for room much longer than for anything else', () => {
		const {Work} = childOf(machine).States;
		expect(Work?.Catch).toEqual([{ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'CountDeath'}]);
		const [retry, ...others] = (Work?.Retry ?? []) as readonly {readonly ErrorEquals: readonly string[]; readonly MaxAttempts: number}[];
		expect(others).toEqual([]);
		expect(retry?.ErrorEquals).toContain('Lambda.TooManyRequestsException');
		expect(retry?.ErrorEquals).not.toContain('Lambda.Unknown');
		expect(retry?.MaxAttempts).toBeGreaterThan(500);
	});

	it('lets the orchestrator finish, also when the map itself has failed', () => {
		const {Shards, Finish} = machine.States;
		expect(Shards?.Catch).toEqual([{ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Finish'}]);
		expect(Finish?.Parameters).toEqual({
			FunctionName: '${Orchestrator}',
			InvocationType: 'Event',
			Payload: {'runId.$': '$.runId', 'through.$': '$$.Execution.Name'},
		});
	});
});

it('differs between AWS and LocalStack in the fields that LocalStack refuses, and in no other', () => {
	const {Shards: onAws, ...restOnAws} = machineFor('aws').States;
	const {Shards: onLocalStack, ...restOnLocalStack} = machineFor('localstack').States;
	const {ToleratedFailurePercentage, ResultWriter, ...common} = onAws as State;
	expect(ToleratedFailurePercentage).toBe(100);
	expect(ResultWriter).toBeDefined();
	expect(common).toEqual(onLocalStack);
	expect(restOnAws).toEqual(restOnLocalStack);
});
