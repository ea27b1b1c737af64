import type {Task} from 'twolane';

export type Thumbs = {small: Uint8Array<ArrayBuffer>; width: number};

export default async function resize(bytes: Uint8Array, {options}: Task<unknown, {sizePx: number}>): Promise<Thumbs> {
	return {small: new Uint8Array(bytes), width: options.sizePx};
}
