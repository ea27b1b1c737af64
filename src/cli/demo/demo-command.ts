import type {Limits} from '../../lanes/limits.ts';
export interface DemoFlags extends Limits {
	readonly items: number;
	readonly out: string;
	readonly json?: boolean;
	readonly quiet?: boolean;
}
export async function demoCommand(_: DemoFlags): Promise<number> {
	return 0;
}
