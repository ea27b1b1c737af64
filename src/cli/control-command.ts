import {endSession} from '../local/end-session.ts';
import {memoryBytes} from '../adapters/machine/machine.ts';
import {resolveLimits} from '../lanes/limits.ts';
import {endCancelled} from '../runs/end-cancelled.ts';
import {readStanding} from '../runs/standing.ts';
import {type PlaceFlags, findRun, stackOf} from './find-run.ts';
import {commandName, quote} from './launcher.ts';
import {openOutput} from './output-style.ts';
import {showPath} from './run-place.ts';
import {findStack} from './stack.ts';
import {describeRun} from './status-command.ts';

export interface ControlFlags extends PlaceFlags {
	readonly json?: boolean;
	readonly quiet?: boolean;
}

/** `twolane pause [RUN]`, `twolane cancel [RUN]`: whoever works on the run hears of it within 5 s. */
export async function controlCommand(action: 'pause' | 'cancel', word: string | undefined, flags: ControlFlags): Promise<number> {
	const style = openOutput(flags);
	const found = await findRun(word, flags);
	const {place, spec} = found;
	const stack = stackOf(found, flags);
	const {runId} = spec;
	await place.runs.controlRun(runId, {action});
	const isWorkedOn = await place.ports.isWorkedOn?.(runId);
	// Whoever is started there seals what is open.
	if (action === 'cancel' && stack !== undefined) await (await findStack(stack)).start(runId);
	else if (action === 'cancel' && isWorkedOn !== true) {
		const release = await place.own(runId);
		const standing = await readStanding(place.ports, runId);
		await endCancelled(place.ports, runId, {limits: resolveLimits({}, {memoryBytes: memoryBytes()})}).finally(() =>
			endSession(place, {spec, isNew: false, standing, release}),
		);
	}
	const view = await place.runs.getRun(runId);
	if (style.isJson) await style.print(JSON.stringify(view));
	else if (!style.isQuiet) {
		const folder = showPath(place.folderOf(runId));
		const wait = isWorkedOn === true ? ['whoever works on it stops within 5 s'] : [];
		const {failed, pending} = view.itemCounts;
		const isOpen = action === 'pause' || failed + pending > 0;
		const next = isOpen ? [`next     ${commandName()} ${action === 'pause' ? 'resume' : 'redrive'} ${quote(folder)}`] : [];
		await style.print([...describeRun(view, {folder, stream: process.stdout}), ...wait, ...next].join('\n'));
	}
	return 0;
}
