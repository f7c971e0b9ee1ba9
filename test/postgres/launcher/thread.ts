/** A simulation thread in small: starts a server, says its postmaster, and is terminated by a test. */
import { parentPort, workerData } from 'node:worker_threads';
import { startPostgres, type PostgresOptions } from '#postgres';

const server = await startPostgres(workerData as PostgresOptions);
// Keeps the thread alive: a server keeps nobody, and would end with it before the test looks.
parentPort?.on('message', () => undefined);
parentPort?.postMessage({ server: server.pid, guard: server.guardPid });
