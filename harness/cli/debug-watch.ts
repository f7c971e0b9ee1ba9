/** The thread that ends a process whose main thread stands still in a debugger, once npm is gone. */
import { watchParents } from './parent.ts';

watchParents(() => process.kill(process.pid, 'SIGKILL'), { keepsAlive: true });
