// Keeps a program in a process that a test may kill: FOLDER PROGRAM ARGUMENTS... prints the program's pid.
import {keep} from '../../localstack/start.ts';

const [folder = '', ...command] = process.argv.slice(2);
const {pid} = await keep(command, {folder, env: {PATH: process.env.PATH ?? '', TMPDIR: `${folder}/tmp`}});
process.stdout.write(`${pid}\n`);
