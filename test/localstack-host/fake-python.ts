import {chmod, mkdir, writeFile} from 'node:fs/promises';
import {dirname} from 'node:path';

export interface FakePython {
	readonly version?: string;
	/** Debian's, without python3-venv. */
	readonly hasEnsurepip?: boolean;
	/** `hangs` writes its pid to `pidFile` first. */
	readonly pip?: 'works' | 'fails' | 'hangs' | 'forgets a package';
	readonly pidFile?: string;
}

/** A program that answers as Python does to what the installation asks of it; its virtual environments hold a copy of it. */
export async function writePython(path: string, options: FakePython = {}): Promise<void> {
	const {version = '3 13', hasEnsurepip = true, pip = 'works', pidFile = '/dev/null'} = options;
	const onInstall = {
		works: 'echo "Collecting boto3"',
		'forgets a package': 'echo "Collecting boto3"',
		fails: 'echo "ERROR: No matching distribution found for boto3" >&2; exit 1',
		hangs: `echo $$ > ${pidFile}; exec sleep 600`,
	}[pip];
	const onImport = pip === 'forgets a package' ? `echo "ModuleNotFoundError: No module named 'jpype'" >&2; exit 1` : 'exit 0';
	const script = `#!/bin/sh
case "$*" in
	"-I -c import ensurepip"*) ${hasEnsurepip ? `echo "${version} $0"` : 'exit 1'} ;;
	"-I -m venv "*) mkdir -p "$4/bin"; cp "$0" "$4/bin/python" ;;
	"-I -m pip install "*) ${onInstall} ;;
	"-I -m pip check"*) exit 0 ;;
	"-I -c import localstack"*) ${onImport} ;;
	*) echo "unexpected: $*" >&2; exit 1 ;;
esac
`;
	await mkdir(dirname(path), {recursive: true});
	await writeFile(path, script);
	await chmod(path, 0o755);
}

/** pyenv's answer for a version that is not active. */
export async function writeShim(path: string): Promise<void> {
	await mkdir(dirname(path), {recursive: true});
	await writeFile(path, '#!/bin/sh\necho "pyenv: python3.13: command not found" >&2\nexit 127\n');
	await chmod(path, 0o755);
}
