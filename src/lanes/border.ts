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

const step = (key: string): string => (/^\d+$/u.test(key) ? `[${key}]` : `.${key}`);

/** A scalar needs no look: most no-op items are nothing else. */
export const isScalar = (value: unknown): boolean => typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol';

/** Looks through plain data for buffers to move and for values that structured clone refuses; a cycle is looked at once. */
export function inspectCargo(value: unknown, name = 'value'): Cargo {
	const buffers = new Set<ArrayBuffer>();
	const seen = new Set<object>();
	const path = visit(value);
	return path === undefined ? {buffers: [...buffers]} : {buffers: [...buffers], uncloneable: name + path};

	/** The way from here to what cannot be cloned: put together only where there is such a thing. */
	function visit(part: unknown): string | undefined {
		if (typeof part === 'function' || typeof part === 'symbol') return '';
		if (typeof part !== 'object' || part === null || seen.has(part)) return undefined;
		seen.add(part);
		if (ArrayBuffer.isView(part)) return visitBuffer(part.buffer, part.byteLength);
		if (part instanceof ArrayBuffer) return visitBuffer(part, part.byteLength);
		if (!isPlain(part)) return canClone(part) ? undefined : '';
		for (const [key, inner] of Object.entries(part)) {
			const path = isScalar(inner) ? undefined : visit(inner);
			if (path !== undefined) return step(key) + path;
		}
		return undefined;
	}
	function visitBuffer(buffer: ArrayBufferLike, usedBytes: number): string | undefined {
		if (!(buffer instanceof ArrayBuffer)) return undefined;
		// Moved away before: nothing is left in it to send.
		if (buffer.detached) return '';
		if (usedBytes === buffer.byteLength) buffers.add(buffer);
		return undefined;
	}
}

/** Whether a value is flat: nothing in it to move, nothing that cannot be cloned. The cheap answer for most items. */
export function isFlat(value: unknown): boolean {
	if (isScalar(value) || value === null) return true;
	if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return false;
	for (const key in value) if (!isScalar((value as Record<string, unknown>)[key])) return false;
	return true;
}
