import {registerHooks} from 'node:module';

let isRegistered = false;

/**
 * Lets a flow file that lies outside of any project import what twolane itself can: `twolane`, `zod`, `sharp`.
 * Its own packages win; ours are asked only when its own are not found.
 */
export function resolveOwnPackages(): void {
	if (isRegistered) return;
	isRegistered = true;
	registerHooks({
		resolve(specifier, context, nextResolve) {
			try {
				return nextResolve(specifier, context);
			} catch (error) {
				if (!/^[a-z@]/u.test(specifier) || specifier.includes(':')) throw error;
				return nextResolve(specifier, {...context, parentURL: import.meta.url});
			}
		},
	});
}
