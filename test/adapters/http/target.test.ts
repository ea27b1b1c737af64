import {describe, expect, it} from 'vitest';
import {nameOf, readTarget} from '../../../src/adapters/http/target.ts';

describe('readTarget', () => {
	it('takes http and https, and relative locations of a redirect', () => {
		expect(readTarget('HTTP://Example.com:80/a b.jpg?x#y').href).toBe('http://example.com/a%20b.jpg?x#y');
		expect(readTarget('../c.jpg', new URL('https://example.com/a/b.jpg')).href).toBe('https://example.com/c.jpg');
		expect(readTarget('//other.example/c.jpg', new URL('https://example.com/')).href).toBe('https://other.example/c.jpg');
	});

	it.each([
		['', 'URL_INVALID'],
		['photos/a.jpg', 'URL_INVALID'],
		['http://', 'URL_INVALID'],
		['http://exa mple/', 'URL_INVALID'],
		['file:///etc/passwd', 'SCHEME_DENIED'],
		['data:image/png;base64,AAAA', 'SCHEME_DENIED'],
		['ftp://example.com/a.jpg', 'SCHEME_DENIED'],
		['http://user@example.com/', 'CREDENTIALS_IN_URL'],
		['http://:secret@example.com/', 'CREDENTIALS_IN_URL'],
	])('refuses %j with %s', (text, code) => {
		expect(() => readTarget(text)).toThrow(expect.objectContaining({code}));
	});

	it.each(['http://me:secret@exa mple/?key=secret', 'http://me:secret@example.com/?key=secret#secret', 'gopher://x/?secret', 'me:secret@'])(
		'leaks nothing of %s into the message',
		text => {
			expect(() => readTarget(text)).toThrow(expect.not.stringContaining('secret'));
			expect(() => readTarget(text, new URL('https://example.com/?secret'))).toThrow(expect.not.stringContaining('secret'));
		},
	);

	it('names a URL by origin and path', () => {
		expect(nameOf(new URL('https://me:pw@example.com:8443/a/b.jpg?token=1#x'))).toBe('https://example.com:8443/a/b.jpg');
	});
});
