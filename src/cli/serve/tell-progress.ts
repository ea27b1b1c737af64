import type {WorkingRun} from '../../runs/work-run.ts';
import {tellLauncher} from '../launcher.ts';

const TELL_EVERY_MS = 500;

/** Tells the launcher how far this server has come: native code may take the process away, and then it is started again. */
export function tellProgress() {
	const runs = new Set<WorkingRun>();
	const timer = setInterval(tell, TELL_EVERY_MS);
	timer.unref();
	let ended = 0;

	function tell(): void {
		if (runs.size > 0) tellLauncher({settled: [...runs].reduce((sum, run) => sum + settledOf(run), ended)});
	}
	return {
		add(folder: string, run: WorkingRun): void {
			runs.add(run);
			tellLauncher({run: folder});
		},
		remove(run: WorkingRun): void {
			if (!runs.delete(run)) return;
			ended += settledOf(run);
			if (runs.size === 0) tellLauncher({done: true});
		},
		stop: () => clearInterval(timer),
	};
}

function settledOf(run: WorkingRun): number {
	const {succeeded = 0, failed = 0, skipped = 0} = run.snapshot().itemCounts;
	return succeeded + failed + skipped;
}
