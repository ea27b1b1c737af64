/** How many failures a run takes before it stops by itself. */
export interface Tolerance {
	/** Whether the failures so far are more than is tolerated; without a tolerance never. */
	isExceeded(counts: {readonly failed: number; readonly finished: number; readonly isComplete: boolean}): boolean;
}

// While nobody knows how many items come, a percentage of fewer than this says nothing.
const FEWEST_TO_JUDGE = 100;

/**
 * @param options `count`: more failures than this stop the run. `percentage`: more than this share, 0 to 100, of `total`; when the
 * total is not known, of the items finished so far, from the hundredth on. Both given: the first one exceeded counts.
 * @throws RangeError when `count` is negative or `percentage` outside 0 to 100.
 */
export function createTolerance(options: {
	readonly count?: number | undefined;
	readonly percentage?: number | undefined;
	readonly total?: number | undefined;
}): Tolerance {
	const {count, percentage, total} = options;
	if (count !== undefined && !(Number.isInteger(count) && count >= 0)) {
		throw new RangeError(`toleratedFailureCount must be a whole number from 0, got ${count}.`);
	}
	if (percentage !== undefined && !(percentage >= 0 && percentage <= 100)) {
		throw new RangeError(`toleratedFailurePercentage must be a number from 0 to 100, got ${percentage}.`);
	}
	return {
		isExceeded({failed, finished, isComplete}) {
			if (count !== undefined && failed > count) return true;
			if (percentage === undefined || failed === 0) return false;
			if (total !== undefined) return failed * 100 > percentage * total;
			return (isComplete || finished >= FEWEST_TO_JUDGE) && failed * 100 > percentage * finished;
		},
	};
}
