import {ManifestError, type Problem} from './manifest-error.ts';
import type {RowPlace} from './remember-places.ts';

const MAX_PROBLEMS_KEPT = 20;

/** Keeps the first problems of the named manifests and counts them all. */
export function collectProblems() {
	const kept: Problem[] = [];
	let count = 0;
	return {
		count: () => count,
		add(problem: Problem): void {
			count += 1;
			if (kept.length < MAX_PROBLEMS_KEPT) kept.push(problem);
		},
		/** An error that ends the reading does not hide the problems found before it. */
		addTo: (error: ManifestError): ManifestError =>
			count === 0 ? error : new ManifestError([...kept, ...error.problems], count + error.problemCount),
		throwIfAny(): void {
			if (count > 0) throw new ManifestError(kept, count);
		},
	};
}

/** Speaks of rows by the names of their manifests. */
export function nameManifests(manifests: readonly {readonly name: string}[]) {
	const nameOf = (manifest: number): string => manifests[manifest]?.name ?? 'manifest';
	return {
		locate: (problem: string, {manifest, line}: RowPlace): Problem => ({manifest: nameOf(manifest), line, problem}),
		/** The first place as it is called in a message about the second one. */
		writePlace: (first: RowPlace, second: RowPlace): string =>
			first.manifest === second.manifest ? `line ${first.line}` : `${nameOf(first.manifest)}:${first.line}`,
	};
}
