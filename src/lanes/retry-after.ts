// RFC 9110, 5.6.7: all three forms of HTTP-date begin with the weekday; the oldest one (asctime) does not say that it is in GMT.
const httpDate = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /u;

function parseHttpDate(text: string): number {
	if (!httpDate.test(text)) return Number.NaN;
	return Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
}

/**
 * The wait that a `Retry-After` header asks for, in milliseconds; `undefined` when it says nothing usable. A date is measured
 * against the answer's own `Date` header: the server's clock may be wrong, but it is wrong in both.
 */
export function retryAfterMs(header: string | null | undefined, date: string | null | undefined): number | undefined {
	const text = header?.trim() ?? '';
	if (/^\d{1,12}$/u.test(text)) return Number(text) * 1000;
	const waitMs = parseHttpDate(text) - parseHttpDate(date?.trim() ?? '');
	return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs);
}
