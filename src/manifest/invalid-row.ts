import type {ItemError} from '../lanes/outcome.ts';
import type {PlannedItem} from './item-line.ts';

/** Whether a row is none that a run takes; other errors of an item, such as a file that may not be read, are its outcome. */
export const isInvalid = ({entry}: {readonly entry: {readonly error?: ItemError}}): boolean => entry.error?.code === 'ITEM_INVALID';

/** The item that a row becomes which no run takes. */
export function failItem(
	message: string,
	{n, id, source, raw = null}: {readonly n: number; readonly id: string; readonly source?: string | undefined; readonly raw?: unknown},
): PlannedItem {
	const error: ItemError = {code: 'ITEM_INVALID', stage: 'item', retryable: false, message};
	return {entry: {n, id, item: raw, error, ...(source !== undefined && {source})}, raw};
}
