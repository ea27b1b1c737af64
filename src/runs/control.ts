import {z} from 'zod';
import {layout, nameOf} from './layout.ts';
import type {RunPorts} from './ports.ts';
import {sessionSchema} from './spec.ts';
import {readRecord, writeJson} from './stored-json.ts';

const controlSchema = z.strictObject({
	state: z.enum(['running', 'paused', 'cancelled']),
	/** Of whoever resumed: it holds until the next one. */
	session: sessionSchema.optional(),
	/** Why nobody can work on the run: its list cannot be used. */
	problem: z.string().optional(),
	createdAt: z.iso.datetime(),
});
type ControlRecord = z.infer<typeof controlSchema>;

/** What the run was last told; `k` counts the tellings, 0 is none. */
export interface Control extends Pick<ControlRecord, 'state' | 'session' | 'problem'> {
	readonly k: number;
}

/** The highest control counts; without one the run is to run. @param known a control that need not be read again while it is the highest. */
export async function readControl(ports: Pick<RunPorts, 'state'>, runId: string, known?: Control): Promise<Control> {
	let k = 0;
	for await (const {key} of ports.state.list(layout.controls(runId))) {
		k = Math.max(k, Number(/^control-(\d+)\.json$/u.exec(nameOf(key))?.[1] ?? 0));
	}
	if (known && known.k >= k) return known;
	if (k === 0) return {k, state: 'running'};
	const record = await readRecord(ports.state, layout.control(runId, k), controlSchema);
	const {state = 'running', session, problem} = record?.value ?? {};
	return {k, state, ...(session && {session}), ...(problem !== undefined && {problem})};
}

/** Tells the run something after control `k`. `false`: somebody else was faster, look again. */
export async function writeControl(
	{state, wallMs}: Pick<RunPorts, 'state' | 'wallMs'>,
	runId: string,
	{k, ...told}: Control,
): Promise<boolean> {
	const record: ControlRecord = {...told, createdAt: new Date(wallMs()).toISOString()};
	return await state.create(layout.control(runId, k), writeJson(record));
}
