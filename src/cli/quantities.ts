import {InvalidArgumentError} from 'commander';

const byteUnits: Readonly<Record<string, number>> = {
	'': 1,
	b: 1,
	kb: 1e3,
	mb: 1e6,
	gb: 1e9,
	k: 1024,
	m: 1024 ** 2,
	g: 1024 ** 3,
	kib: 1024,
	mib: 1024 ** 2,
	gib: 1024 ** 3,
};
const timeUnits: Readonly<Record<string, number>> = {'': 1, ms: 1, s: 1000, m: 60_000, min: 60_000};
const countUnits: Readonly<Record<string, number>> = {'': 1, k: 1e3, m: 1e6};

function readQuantity(text: string, units: Readonly<Record<string, number>>, example: string): number {
	const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/iu.exec(text.trim()) ?? [];
	const factor = units[unit.toLowerCase()];
	if (digits === undefined || factor === undefined) throw new InvalidArgumentError(`Write it like ${example}.`);
	return Math.round(Number(digits) * factor);
}

/** `50MiB`, `64M`, `1gb`, `1048576`. */
export const readBytes = (text: string): number => readQuantity(text, byteUnits, '50MiB');
/** `30s`, `500ms`, `2m`; a bare number is milliseconds. */
export const readMs = (text: string): number => readQuantity(text, timeUnits, '30s or 500ms');
/** `50M`, `200k`, `1000000`. */
export const readCount = (text: string): number => readQuantity(text, countUnits, '50M or 1000000');

/** `50 MiB`, `1 KiB`, `7 bytes`: the largest unit that leaves a whole number. */
export function showBytes(bytes: number): string {
	const unit = (['GiB', 'MiB', 'KiB'] as const).find(name => bytes % (byteUnits[name.toLowerCase()] ?? 1) === 0);
	return unit === undefined ? plural(bytes, 'byte') : `${bytes / (byteUnits[unit.toLowerCase()] ?? 1)} ${unit}`;
}
/** `30 s`, `250 ms`. */
export const showMs = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`);

/** `1 file`, `2 files`. */
export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

export function readWhole(text: string): number {
	if (!/^\d+$/u.test(text)) throw new InvalidArgumentError('Write a whole number.');
	return Number(text);
}

export const readAutoOrWhole = (text: string): number | 'auto' => {
	if (text === 'auto') return text;
	if (!/^\d+$/u.test(text)) throw new InvalidArgumentError("Write 'auto' or a whole number.");
	return Number(text);
};

export function readPercentage(text: string): number {
	const value = Number(text.replace(/%$/u, ''));
	if (text.trim() === '' || !(value >= 0 && value <= 100)) throw new InvalidArgumentError('Write a number from 0 to 100.');
	return value;
}
