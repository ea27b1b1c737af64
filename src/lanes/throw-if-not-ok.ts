import {TwolaneError} from './errors.ts';
import {retryAfterMs} from './retry-after.ts';

/**
 * For flows that use the built-in `fetch`: turns an answer that is no success into an error the lanes understand.
 * @throws TwolaneError `HTTP_STATUS` with the status, `retryable` for 408, 425, 429, 500, 502, 503 and 504, and the wait of `Retry-After`.
 */
export function throwIfNotOk(response: Response): void {
	if (response.ok) return;
	// The body is not read; without this its connection would wait for the garbage collector.
	void response.body?.cancel().catch(() => {});
	const waitMs = retryAfterMs(response.headers.get('retry-after'), response.headers.get('date'));
	throw new TwolaneError('HTTP_STATUS', `the server answered ${response.status} ${response.statusText}`.trimEnd() + placeOf(response.url), {
		status: response.status,
		...(waitMs !== undefined && {retryAfterMs: waitMs}),
	});
}

/** Origin and path only: a query may carry a secret. */
function placeOf(url: string): string {
	if (!URL.canParse(url)) return '';
	const {origin, pathname} = new URL(url);
	return ` to ${origin}${pathname}`;
}
