/** What is read. `gif` and every animation give their first frame. */
export type InputFormat = 'jpeg' | 'png' | 'webp' | 'gif' | 'avif';
/** What is written. */
export type OutputFormat = Exclude<InputFormat, 'gif'>;

/** How each written format names and labels its file. */
export const files = {
	jpeg: {extension: 'jpg', contentType: 'image/jpeg'},
	png: {extension: 'png', contentType: 'image/png'},
	webp: {extension: 'webp', contentType: 'image/webp'},
	avif: {extension: 'avif', contentType: 'image/avif'},
} as const satisfies Record<OutputFormat, {extension: string; contentType: string}>;
