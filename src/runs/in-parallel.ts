import pMap from 'p-map';

/** A bucket answers many at once; a handful is not worth it. */
const AT_ONCE = 16;
const FEW = 4;

/** Each value through the function, results in order: many at once where there are many. */
export async function inParallel<T, U>(values: readonly T[], call: (value: T) => Promise<U>): Promise<readonly U[]> {
	return await pMap(values, call, {concurrency: values.length > FEW ? AT_ONCE : 1});
}
