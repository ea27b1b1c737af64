import {hideSecrets} from '../lanes/hide-secrets.ts';
import {setUpLanes} from '../library.ts';
import {type DryPlan, planDry} from '../local/dry-plan.ts';
import {openPlace} from '../local/place.ts';
import {ManifestError, writeProblem} from '../manifest/manifest-error.ts';
import {checkWords, exitCodes} from './failure.ts';
import {listenForInterrupt} from './interrupt.ts';
import {type OutputStyle, openOutput} from './output-style.ts';
import {plural} from './quantities.ts';
import {type FlowFlags, explainReading, readRequest, toRunRequest} from './run-command.ts';
import {withScratch} from './scratch.ts';

export interface ValidateFlags extends FlowFlags {
	readonly allowOrigin?: readonly string[];
	readonly json?: boolean;
	readonly quiet?: boolean;
}

/** `twolane validate SOURCE...`: reads the manifests as `run` would. Nothing starts, and nothing is left behind. */
export async function validateCommand(sources: readonly string[], flags: ValidateFlags): Promise<number> {
	const style = openOutput(flags);
	const stop = listenForInterrupt(() => {});
	return await withScratch(async folder => {
		const {request, tellLeftOut} = await readRequest(sources, {...flags, out: folder}, {style, stop});
		const {limits} = checkWords(() => setUpLanes(request.flow, {...request.options, readers: []}));
		try {
			const dry = await planDry(toRunRequest(openPlace({out: folder}), request, limits.maxBytes));
			tellLeftOut();
			return await printItems(dry, style);
		} catch (error) {
			if (error instanceof ManifestError) return await printProblems(error, style);
			throw explainReading(error, stop);
		}
	});
}

async function printItems({spec, total, repeats}: DryPlan, style: OutputStyle): Promise<number> {
	const names = spec.sources.map(({name}) => name).join(', ');
	const left = repeats > 0 ? `, ${plural(repeats, 'repeated source')} left out` : '';
	const text = `${names}: ${plural(total, 'item')}${left}; nothing is wrong with them`;
	if (style.isJson)
		await style.print(JSON.stringify({type: 'validation', isValid: true, items: total, repeats, problemCount: 0, problems: []}));
	else if (!style.isQuiet) await style.print(text);
	return 0;
}

async function printProblems({problems, problemCount}: ManifestError, style: OutputStyle): Promise<number> {
	const shown = problems.map(problem => ({...problem, problem: hideSecrets(problem.problem)}));
	if (style.isJson) await style.print(JSON.stringify({type: 'validation', isValid: false, problemCount, problems: shown}));
	else if (!style.isQuiet) {
		await style.print(problems.map(writeProblem).join('\n'));
		const first = problemCount > problems.length ? `, the first ${problems.length} of them above` : '';
		style.note(`${plural(problemCount, 'problem')}${first}. Correct the lines, or run with --skip-invalid.`);
	}
	return exitCodes.usage;
}
