import {readFile} from 'node:fs/promises';

/** One fenced block of a page. */
export interface Snippet {
	/** The words after the fence: `ts`, `sh`, `ts fragment`. */
	readonly kind: string;
	/** What the block's first line, `// words.ts`, calls it. */
	readonly name: string | undefined;
	readonly text: string;
}

/** The fenced blocks of a page below the repository's root, in their order. */
export async function readSnippets(page: string): Promise<readonly Snippet[]> {
	const text = await readFile(new URL(`../../${page}`, import.meta.url), 'utf8');
	return [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gmu)].map(([, kind = '', text = '']) => ({
		kind: kind.trim(),
		name: /^\/\/ (\S+\.ts)\n/u.exec(text)?.[1],
		text,
	}));
}

export const ofKind = (snippets: readonly Snippet[], kind: string): readonly Snippet[] => snippets.filter(snippet => snippet.kind === kind);
