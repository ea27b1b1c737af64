import {type Code, type Stage, TwolaneError, describeCode} from './errors.ts';
import {hideSecrets} from './hide-secrets.ts';
import type {ItemError} from './outcome.ts';

const stageCodes: {readonly [Name in Stage]: Code} = {
	item: 'ITEM_INVALID',
	fetch: 'FETCH_FAILED',
	transform: 'TRANSFORM_FAILED',
	store: 'STORE_FAILED',
	run: 'INTERNAL',
};

/** Whatever a stage threw, as a TwolaneError: known by name too, because a flow may come with its own copy of the class. */
export function toTwolaneError(thrown: unknown, stage: Stage): TwolaneError {
	if (thrown instanceof TwolaneError) return thrown;
	const {name, code, retryable, retryAfterMs, status} = (thrown ?? {}) as Partial<TwolaneError>;
	if (name === 'TwolaneError' && typeof code === 'string') {
		return new TwolaneError(code, describeThrown(thrown), {
			cause: thrown,
			...(typeof retryable === 'boolean' && {retryable}),
			...(typeof retryAfterMs === 'number' && {retryAfterMs}),
			...(typeof status === 'number' && {status}),
		});
	}
	return new TwolaneError(stageCodes[stage], describeThrown(thrown), {stage, cause: thrown});
}

/** The message with that of its cause: `fetch failed` alone helps nobody. */
export function describeThrown(thrown: unknown): string {
	if (!(thrown instanceof Error)) return toText(thrown);
	const cause = thrown.cause instanceof Error && thrown.cause.message !== '' ? `: ${thrown.cause.message}` : '';
	return (thrown.message || thrown.name) + cause;
}

function toText(value: unknown): string {
	try {
		return String(value);
	} catch {
		return Object.prototype.toString.call(value);
	}
}

/** The error as the outcome carries it: what happened, then what to do. */
export function toItemError(error: TwolaneError, stage: Stage): ItemError {
	const known = describeCode(error.code);
	// What ended the whole run says itself what to do: the table's advice is about one item.
	const isOfRun = error.stage === 'run' && known?.stage !== 'run';
	const isAdvised = known === undefined || isOfRun || error.message.includes(known.advice);
	const sentence = /[.!?]$/u.test(error.message) ? error.message : `${error.message}.`;
	return {
		code: error.code,
		stage: error.stage ?? (known?.stage === 'item' ? 'item' : stage),
		// "Once more" has been used up when an item ends.
		retryable: known?.retry === 'once' ? false : error.retryable,
		message: hideSecrets(isAdvised ? sentence : `${sentence} ${known.advice}`),
		...(error.status !== undefined && {status: error.status}),
	};
}
