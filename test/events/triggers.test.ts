import fc from 'fast-check';
import {expect, it} from 'vitest';
import {findLoop, triggers} from '../../src/events/triggers.ts';

it('refuses an output prefix exactly when an output could lie below a trigger, or a trigger below it', () => {
	const word = fc.constantFrom('uploads', 'manifests', 'thumbnails', 'up', 'uploads2', 'a');
	fc.assert(
		fc.property(fc.array(word, {maxLength: 3}), fc.constantFrom('', '/'), (parts, end) => {
			const [first] = parts;
			const loops = first === undefined || first === 'uploads' || first === 'manifests';
			expect(findLoop(parts.join('/') + end) !== undefined).toBe(loops);
		}),
	);
});

it('says which inputs, why, and what to do', () => {
	expect(findLoop('uploads/small/')).toContain(`every new object in '${triggers.uploads}' starts something`);
	expect(findLoop('')).toMatch(/the whole bucket.*such as 'thumbnails'/u);
});
