import {existsSync} from 'node:fs';
import {resolve} from 'node:path';
import {pathToFileURL} from 'node:url';
import {resolveOwnPackages} from '../adapters/thread/own-packages.ts';
import {type FlowDefinition, readFlow} from '../lanes/flow.ts';
import {flows} from '../wire.ts';
import {checkWords, placeError, usageError} from './failure.ts';

export interface LoadedFlow {
	readonly flow: FlowDefinition;
	readonly extensions?: readonly string[] | undefined;
	/** The module it comes from, when it is not one of ours. */
	readonly file?: string;
}

/** The flow that `--flow` names: one of ours, or a module of the user's whose default export, or only flow, it is. */
export async function loadFlow(name: string): Promise<LoadedFlow> {
	const wired = Object.hasOwn(flows, name) ? flows[name] : undefined;
	if (wired) return {flow: await wired.load(), extensions: wired.extensions};
	if (!/[./\\]/u.test(name)) {
		throw usageError(
			`There is no flow '${name}'. Known: ${Object.keys(flows).join(', ')}; a flow of your own is a path such as ./${name}.ts.`,
		);
	}
	return {flow: await loadFile(name), file: resolve(name)};
}

async function loadFile(name: string): Promise<FlowDefinition> {
	const path = resolve(name);
	if (!existsSync(path)) throw placeError(`The flow ${name} does not exist.`);
	resolveOwnPackages();
	let module: Readonly<Record<string, unknown>>;
	try {
		module = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
	} catch (error) {
		throw usageError(`The flow ${name} could not be loaded: ${error instanceof Error ? error.message : String(error)}`);
	}
	const candidates = module.default === undefined ? Object.values(module).filter(isFlowLike) : [module.default];
	if (candidates.length !== 1) throw usageError(`${name} exports ${candidates.length} flows: export the one to run as default.`);
	return checkWords(() => readFlow(candidates[0]));
}

const isFlowLike = (value: unknown): boolean => typeof value === 'object' && value !== null && 'name' in value && 'item' in value;
