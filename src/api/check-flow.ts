import {type FlowDefinition} from '../lanes/flow.ts';
import {toPointer, describeFlaws} from './check.ts';
import {Problem} from './problems.ts';
import type {ApiSetup} from './setup.ts';

/** The flow that a request names. @throws Problem `FLOW_UNKNOWN`. */
export async function findFlow({flows}: Pick<ApiSetup, 'flows'>, name: string): Promise<FlowDefinition> {
	const found = Object.hasOwn(flows, name) ? flows[name] : undefined;
	if (found) return await found.load();
	const known = Object.keys(flows).join(', ');
	throw new Problem('FLOW_UNKNOWN', `There is no flow '${name.slice(0, 64)}' here; there is ${known}.`);
}

/** @throws Problem `OPTIONS_INVALID` naming each option that the flow does not take. */
export async function checkOptions(flow: FlowDefinition, options: Readonly<Record<string, unknown>>): Promise<void> {
	const errors = await findOptionFlaws(flow, options);
	if (errors.length > 0) throw new Problem('OPTIONS_INVALID', describeFlaws(errors), {errors});
}

async function findOptionFlaws({options: schema, name}: FlowDefinition, options: Readonly<Record<string, unknown>>) {
	if (schema === undefined) {
		return Object.keys(options).map(key => ({pointer: toPointer(['options', key]), detail: `the flow ${name} takes no options`}));
	}
	const checked = await schema['~standard'].validate(options);
	return (checked.issues ?? []).map(({message, path = []}) => ({
		pointer: toPointer(['options', ...path.map(step => (typeof step === 'object' ? step.key : step))]),
		detail: message,
	}));
}
