import type {Limits} from '../lanes/limits.ts';

export type Given<T> = {[Key in keyof T]?: Exclude<T[Key], undefined>};

/** What was given on the command line; what was not stays out, so that its default is said in one place. */
export const keepGiven = <T extends object>(values: T): Given<T> =>
	Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<T>;

export function readLimits({ioConcurrency, ioConcurrencyPerHost, threads, inFlightBytes, maxBytes, fetchTimeoutMs}: Limits): Limits {
	return keepGiven({ioConcurrency, ioConcurrencyPerHost, threads, inFlightBytes, maxBytes, fetchTimeoutMs});
}
