/**
 * Cuts bytes into lines, one batch for each chunk, so that lines need no await of their own. Only `\n` ends a line: JSON leaves
 * U+2028 and U+2029 as they are. Text after the last line end is a line, too.
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<readonly string[]> {
	const decoder = new TextDecoder();
	let rest = '';
	for await (const chunk of chunks) {
		const lines = (rest + decoder.decode(chunk, {stream: true})).split('\n');
		rest = lines.pop() ?? '';
		if (lines.length > 0) yield lines;
	}
	if (rest !== '') yield [rest];
}
