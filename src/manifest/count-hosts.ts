/** One host, such as `https://example.com`, `s3://bucket`, or `file:` for all files, and its items. */
export interface HostItems {
	readonly host: string;
	readonly items: number;
}

const MAX_HOSTS = 10_000;
const TOP_HOSTS = 10;
const SLASH = 47;

/** Counts items by host, in bounded memory: of a list with more than 10,000 hosts, those that come later are left out. */
export function countHosts() {
	const counts = new Map<string, number>();
	let last = '';
	let lastCount = 0;

	function keepLast(): void {
		if (lastCount > 0 && (counts.has(last) || counts.size < MAX_HOSTS)) counts.set(last, (counts.get(last) ?? 0) + lastCount);
		lastCount = 0;
	}

	return {
		add(source: string): void {
			// Most neighbours in a list have one host, and comparing is cheaper than cutting.
			if (last === '' || source.charCodeAt(last.length) !== SLASH || !source.startsWith(last)) {
				keepLast();
				last = hostOf(source);
			}
			lastCount += 1;
		},
		top(): readonly HostItems[] {
			keepLast();
			return Array.from(counts, ([host, items]) => ({host, items}))
				.toSorted((a, b) => b.items - a.items)
				.slice(0, TOP_HOSTS);
		},
	};
}

/** By the source as rows have it: a URL there is whole and has no user info. */
function hostOf(source: string): string {
	const scheme = source.indexOf('://');
	if (scheme < 0) return 'file:';
	const path = source.indexOf('/', scheme + 3);
	return path < 0 ? source : source.slice(0, path);
}
