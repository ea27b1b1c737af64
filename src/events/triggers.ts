/** The prefixes of the bucket whose new objects start something. */
export const triggers = {
	/** A list: starts a run. */
	manifests: 'manifests/',
	/** An image: becomes thumbnails at once. */
	uploads: 'uploads/',
} as const;

/** Why outputs below this prefix could start something again, and so on for ever; `undefined` when they cannot. */
export function findLoop(outPrefix: string): string | undefined {
	const folder = outPrefix.replace(/^\/+|\/+$/gu, '');
	const out = folder === '' ? '' : `${folder}/`;
	const trigger = Object.values(triggers).find(input => out.startsWith(input) || input.startsWith(out));
	if (trigger === undefined) return undefined;
	const where = out === '' ? 'the whole bucket' : `'${out}'`;
	return `outputs in ${where} would be inputs again, because every new object in '${trigger}' starts something, and that would never end. Choose an output prefix beside ${Object.values(triggers).join(' and ')}, such as 'thumbnails'.`;
}
