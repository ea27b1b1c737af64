import type {CpuCall, CpuEnding} from '../../../src/lanes/ports.ts';
import type {Input} from '../../fixtures/crash/crash.ts';
import {callOf} from '../../support/thread-calls.ts';

/** A task that ends as `fixtures/crash/crash.ts` has it. */
export const crashCall = (kind?: string, others: Partial<CpuCall> = {}): CpuCall =>
	callOf('', {kind} satisfies {kind: Input['kind'] | undefined}, {
		file: new URL('../../fixtures/crash/crash.ts', import.meta.url),
		...others,
	});

export const codeOf = (ending: CpuEnding): unknown => (ending.ok ? 'ok' : ending.error.code);
export const valueOf = (ending: CpuEnding): unknown => (ending.ok ? ending.value : ending.error);
