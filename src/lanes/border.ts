/** What a value holds that matters at the thread border. */
export interface Cargo {
	/** Every buffer in the value that a view covers whole: it can be moved without touching anything else. */
	readonly buffers: readonly ArrayBuffer[];
	/** Where the first thing lies that cannot cross, such as `value.pages[2].render`; `undefined` when all can. */
	readonly uncloneable?: string;
}

const isPlain = (value: object): boolean => {
	const prototype: unknown = Object.getPrototypeOf(value);
	return prototype === Object.prototype || prototype === null || Array.isArray(value);
};

const canClone = (value: object): boolean => {
	try {
		structuredClone(value);
		return true;
	} catch {
		return false;
	}
};

const stepInto = (path: string, key: string): string => (/^\d+$/u.test(key) ? `${path}[${key}]` : `${path}.${key}`);

/** Looks through plain data for buffers to move and for values that structured clone refuses; a cycle is looked at once. */
export function inspectCargo(value: unknown, name = 'value'): Cargo {
	if (typeof value !== 'object' || value === null) {
		return typeof value === 'function' || typeof value === 'symbol' ? {buffers: [], uncloneable: name} : {buffers: []};
	}
	const buffers = new Set<ArrayBuffer>();
	const seen = new Set<object>();
	const uncloneable = visit(value, name);
	return uncloneable === undefined ? {buffers: [...buffers]} : {buffers: [...buffers], uncloneable};

	function visit(part: unknown, path: string): string | undefined {
		if (typeof part === 'function' || typeof part === 'symbol') return path;
		if (typeof part !== 'object' || part === null || seen.has(part)) return undefined;
		seen.add(part);
		if (ArrayBuffer.isView(part)) return visitBuffer(part.buffer, path, part.byteLength);
		if (part instanceof ArrayBuffer) return visitBuffer(part, path, part.byteLength);
		if (!isPlain(part)) return canClone(part) ? undefined : path;
		for (const key of Object.keys(part)) {
			const found = visit((part as Record<string, unknown>)[key], stepInto(path, key));
			if (found !== undefined) return found;
		}
		return undefined;
	}
	function visitBuffer(buffer: ArrayBufferLike, path: string, usedBytes: number): string | undefined {
		if (!(buffer instanceof ArrayBuffer)) return undefined;
		// Moved away before: nothing is left in it to send.
		if (buffer.detached) return path;
		if (usedBytes === buffer.byteLength) buffers.add(buffer);
		return undefined;
	}
}
