import {join, resolve} from 'node:path';
import {parseSize} from '../flows/thumbnail/options.ts';
import type {Limits} from '../lanes/limits.ts';
import type {RunOptions} from '../library.ts';
import {executeRun} from './execute-run.ts';
import {checkWords, usageError} from './failure.ts';
import {listenForInterrupt} from './interrupt.ts';
import {keepGiven, readLimits} from './limit-flags.ts';
import {loadFlow} from './load-flow.ts';
import {openOutput} from './output-style.ts';
import {plural} from './quantities.ts';
import {openSource} from './sources.ts';

/** The flags of `run`, as commander gives them. */
export interface RunFlags extends Limits {
	readonly out: string;
	readonly state?: string;
	readonly flow: string;
	readonly set?: Readonly<Record<string, unknown>>;
	readonly size?: readonly string[];
	readonly format?: string;
	readonly quality?: number;
	readonly decode?: string;
	readonly maxPixels?: number;
	readonly attempts?: number;
	readonly toleratedFailureCount?: number;
	readonly toleratedFailurePercentage?: number;
	readonly limit?: number;
	readonly skipInvalid?: boolean;
	readonly allowOrigin?: readonly string[];
	readonly json?: boolean;
	readonly quiet?: boolean;
}

/** `twolane run SOURCE... --out DIR` */
export async function runCommand(sources: readonly string[], flags: RunFlags): Promise<number> {
	const style = openOutput(flags);
	const {flow, extensions} = await loadFlow(flags.flow);
	const stop = listenForInterrupt(line => style.note(line));
	if (flags.out.trim() === '') throw usageError('--out is empty: name a folder.');
	if (flags.out.includes('://')) throw usageError(`--out ${flags.out}: this version writes into a folder.`);
	const out = resolve(flags.out);
	const state = resolve(flags.state ?? join(out, '.twolane'));
	let leftOut = 0;
	const sourceOptions = {
		exclude: [out, state],
		isOneOfMany: sources.length > 1,
		extensions,
		allowOrigins: checkOrigins(flags.allowOrigin ?? []),
		signal: stop,
		onLeftOut: () => void leftOut++,
	};
	const opened = await Promise.all(sources.map(source => openSource(source, sourceOptions)));
	const exitCode = await executeRun({
		flow,
		sources: opened,
		sourceNames: opened.map(({name}) => name),
		out,
		state,
		options: readOptions(flags),
		allowOrigins: sourceOptions.allowOrigins,
		limit: flags.limit,
		skipInvalid: flags.skipInvalid === true,
		style,
		stop,
	});
	if (leftOut > 0) style.note(`${plural(leftOut, 'file')} left out: ${flow.name} takes ${extensions?.join(', ')}`);
	return exitCode;
}

function checkOrigins(origins: readonly string[]): readonly string[] {
	for (const origin of origins) {
		if (!URL.canParse(origin) || !/^https?:$/u.test(new URL(origin).protocol)) {
			throw usageError(`--allow-origin ${origin}: write it like http://127.0.0.1:8080.`);
		}
	}
	return origins;
}

/** Flags as the library's options. */
function readOptions(flags: RunFlags): RunOptions<unknown> {
	const {attempts, toleratedFailureCount, toleratedFailurePercentage} = flags;
	return {
		options: readFlowOptions(flags),
		limits: readLimits(flags),
		...keepGiven({attempts, toleratedFailureCount, toleratedFailurePercentage}),
	};
}

function readFlowOptions({flow, set, size, format, quality, decode, maxPixels}: RunFlags): object {
	const sizes = size && checkWords(() => size.map(parseSize));
	const own = keepGiven({sizes, format, quality, decode, maxPixels});
	const [first] = Object.keys(own);
	if (flow !== 'thumbnail' && first !== undefined) {
		throw usageError(
			`--${first === 'sizes' ? 'size' : first} belongs to the thumbnail flow; give '${flow}' its options with --set name=value.`,
		);
	}
	return {...own, ...set};
}
