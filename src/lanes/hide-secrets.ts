/** User info, query and fragment of anything in a text that looks like a URL: signed URLs and tokens must not reach a message. */
const userInfo = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'<>]*@/giu;
const queryOrFragment = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s?#"'<>]*)[?#][^\s"'<>]*/giu;

/** Writes a text so that no URL in it shows its user info, query or fragment. */
export function hideSecrets(text: string): string {
	return text.includes('://') ? text.replace(userInfo, '$1').replace(queryOrFragment, '$1') : text;
}
