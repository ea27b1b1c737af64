/** The folder of one run, wherever it lies. */
export interface RunFiles {
	/** Writes the file whole or not at all. */
	write(key: string, text: string): Promise<{readonly bytes: number; readonly sha256: string}>;
	/** The same for a text that need not fit into memory. */
	writeAll(key: string, texts: AsyncIterable<string>): Promise<void>;
	lines(key: string): AsyncIterable<string>;
}
