import {cpu, defineFlow, sourceItem} from 'twolane';
import {z} from 'zod';

// Every directive names the error it expects: test/types/types.test.ts takes them away and looks.

export const fetchesText = defineFlow({
	name: 'thumbs',
	item: z.object({url: z.url()}),
	// @ts-expect-error TS2769: the transform takes bytes, not text
	fetch: async () => 'a string, not bytes',
	transform: cpu<typeof import('../jobs/resize.ts')>(new URL('../jobs/resize.ts', import.meta.url)),
});

export const anotherItem = defineFlow({
	name: 'cpu-only',
	item: z.object({path: z.string()}),
	// @ts-expect-error TS2769: without a fetch the transform takes the item, and this one wants {file}
	transform: cpu<typeof import('../jobs/hash.ts')>(new URL('../jobs/hash.ts', import.meta.url)),
});

export const storesTheFetched = defineFlow({
	name: 'thumbs',
	item: sourceItem,
	fetch: (item, {read}) => read(item),
	transform: cpu<typeof import('../jobs/resize.ts')>(new URL('../jobs/resize.ts', import.meta.url)),
	// @ts-expect-error TS2339: store gets what the transform made, not the bytes
	store: (made, {put}) => put('small.jpg', made.buffer),
});

export const putWithoutName = defineFlow({
	name: 'notes',
	item: sourceItem,
	fetch: (item, {read}) => read(item),
	// @ts-expect-error TS2554: an output has a name
	store: (bytes, {put}) => put(bytes),
});

export const putsAnObject = defineFlow({
	name: 'notes',
	item: sourceItem,
	fetch: (item, {read}) => read(item),
	// @ts-expect-error TS2345: a body is bytes or text
	store: (bytes, {put}) => put('length.json', {length: bytes.length}),
});

export const readsNothing = defineFlow({
	name: 'notes',
	item: z.object({path: z.string()}),
	// @ts-expect-error TS2345: read wants {url}, {s3} or {file}
	fetch: (item, {read}) => read(item),
});

export const unknownOption = defineFlow({
	name: 'notes',
	item: sourceItem,
	options: z.object({widthPx: z.int()}),
	// @ts-expect-error TS2339: the options are those of the schema
	fetch: async (_, {options}) => options.widthPixels,
});

export const wrongIdType = defineFlow({
	name: 'notes',
	item: z.object({number: z.number()}),
	// @ts-expect-error TS2769: an id is text
	id: item => item.number,
	fetch: async item => item,
});

// @ts-expect-error TS2741: a module without a default export is no transform
export const noDefault = cpu<typeof import('../public-types.ts')>(new URL('../public-types.ts', import.meta.url));
