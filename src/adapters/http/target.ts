import {TwolaneError} from '../../lanes/errors.ts';

/** How a message names a URL: no user info, query or fragment. */
export const nameOf = (url: URL): string => `${url.origin}${url.pathname}`;

/**
 * Judges a URL's text before anything connects, for the first hop and for every redirect.
 * The port rule (80 and 443 only, unless the origin is allowed) belongs here too, as PORT_DENIED.
 */
export function readTarget(text: string, base?: URL): URL {
	const from = base === undefined ? '' : ` (a redirect of ${nameOf(base)})`;
	if (!URL.canParse(text, base?.href)) {
		throw new TwolaneError('URL_INVALID', `${JSON.stringify(withoutSecrets(text))}${from} is not a URL; expected https://host/path.`);
	}
	const url = new URL(text, base?.href);
	if (url.protocol !== 'http:' && url.protocol !== 'https:') {
		throw new TwolaneError('SCHEME_DENIED', `Only http and https are fetched, got a ${url.protocol} URL${from}.`);
	}
	if (url.username !== '' || url.password !== '') {
		throw new TwolaneError('CREDENTIALS_IN_URL', `${nameOf(url)}${from} carries a user name or password`);
	}
	return url;
}

/** Text that is no URL may still hold a password or a token. */
function withoutSecrets(text: string): string {
	const [beforeQuery = ''] = text.split(/[?#]/u, 1);
	return beforeQuery.slice(beforeQuery.lastIndexOf('@') + 1, 200);
}
