import {expect, it} from 'vitest';
import {hideSecrets} from '../../src/lanes/hide-secrets.ts';

it.each([
	['no URL? none#at all, a@b', 'no URL? none#at all, a@b'],
	['got "https://u:p@h/a?b=c#d" there?', 'got "https://h/a" there?'],
	['https://h?x and HTTPS://h#y and s3://b/k?z', 'https://h and HTTPS://h and s3://b/k'],
	['https://h/a@b and mail a@b', 'https://h/a@b and mail a@b'],
	['https://u:p/w@h', 'https://u:p/w@h'],
	['https://a@b:c@h/x', 'https://h/x'],
])('writes %s as %s', (text, expected) => expect(hideSecrets(text)).toBe(expected));
