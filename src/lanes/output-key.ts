// Two ids that differ only in case would share a file on some disks, so capitals are not safe as they are; nor is a text that ends
// like one of our own slugs, nor a device name of Windows.
const safeId = /^(?!(?:.*-)?[0-9a-f]{16}$)(?!(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$))[a-z0-9_](?:[a-z0-9_-]|\.(?=[a-z0-9_-])){0,63}$/u;
const SLUG_CHARACTERS = 40;

/**
 * The key of one output below `out`: `{hh}/{slug}/{name}`, `hh` being two hex digits of the id's sha256 and `slug` the id itself
 * when it is short and safe, else its readable end and 16 digits of the sha256. Whatever the id, the key stays below `out`.
 */
export function outputKey(id: string, name: string, sha256: (text: string) => string): string {
	const digest = sha256(id);
	return `${digest.slice(0, 2)}/${safeId.test(id) ? id : `${readableEnd(id)}${digest.slice(0, 16)}`}/${name}`;
}

function readableEnd(id: string): string {
	const text = id
		.toLowerCase()
		.replaceAll(/[^a-z0-9_]+/gu, '-')
		.slice(-SLUG_CHARACTERS)
		.replaceAll(/^-+|-+$/gu, '');
	return text === '' ? '' : `${text}-`;
}

const safeName = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}(?:\.[A-Za-z0-9]{1,16})?$/u;

/** Splits the name of an output into what is recorded and its extension; `undefined` when it is not a plain `base.ext`. */
export function baseName(name: string): string | undefined {
	if (!safeName.test(name)) return undefined;
	const dot = name.lastIndexOf('.');
	return dot === -1 ? name : name.slice(0, dot);
}
