import {readStanding} from '../runs/standing.ts';
import {tidyRun} from '../runs/tidy-run.ts';
import type {BegunRun} from './begin-run.ts';
import type {Place} from './place.ts';

/** Takes away what an ended run needs no more, and lets others work on it. */
export async function endSession({ports}: Place, {spec, release}: BegunRun): Promise<void> {
	// What is left over harms nobody, and whatever is wrong with the records was said already.
	await readStanding(ports, spec.runId)
		.then(standing => tidyRun(ports, standing))
		.catch(() => {});
	await release();
}
