/** What one look at the machine found. */
export interface Finding {
	readonly check: string;
	/** `note`: it works, but is worth knowing. `fix`: runs will fail, or go wrong. */
	readonly mark: 'ok' | 'note' | 'fix';
	readonly found: string;
	/** What to do about a note or a fix. */
	readonly advice?: string;
}

const GiB = 1024 ** 3;
const MiB = 1024 ** 2;

/** `23.5 GiB`, `512 MiB`: rounded down, for people. */
export const roundBytes = (bytes: number): string =>
	bytes >= GiB ? `${(Math.floor((bytes / GiB) * 10) / 10).toFixed(1)} GiB` : `${Math.floor(bytes / MiB)} MiB`;
