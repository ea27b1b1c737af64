// Installs what the arguments name, in a process that a test may kill: CACHE PATH HOST_FOLDER
import {install} from '../../localstack/install.ts';

const [cache = '', path = '', hostFolder = ''] = process.argv.slice(2);
await install({env: {XDG_CACHE_HOME: cache, PATH: path}, home: cache, hostFolder});
