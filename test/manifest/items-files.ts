import type {ItemsFile} from '../../src/manifest/plan-items.ts';

/** A place for items files, in memory; what is cut short leaves nothing. */
export function memoryFiles(): ItemsFile & {names(): readonly string[]; read(name: string): string; writes(): number} {
	const files = new Map<string, string>();
	let writes = 0;
	return {
		async write(texts) {
			const name = `items-${++writes}`;
			files.set(name, (await Array.fromAsync(texts)).join(''));
			return name;
		},
		async *lines(name) {
			yield read(name).split('\n').slice(0, -1);
		},
		remove: async name => void files.delete(name),
		names: () => [...files.keys()],
		read,
		writes: () => writes,
	};

	function read(name: string): string {
		const text = files.get(name);
		if (text === undefined) throw new Error(`there is no ${name}`);
		return text;
	}
}
