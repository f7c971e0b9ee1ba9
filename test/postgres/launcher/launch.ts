/**
 * A launcher as a process of its own, so that tests can kill it: starts a server, brings its sessions
 * into a state, says who is who and waits. Ends when the test does.
 */
import { Client } from 'pg';
import { Failure } from '#kernel';
import { startPostgres, type PostgresOptions, type PostgresServer } from '#postgres';

/** What goes on in the server when it is reported. */
export type Sessions =
  | 'none'
  | 'one stopped while it waits for a lock'
  | 'one busy'
  | 'one stopped, and the launcher killed before it does anything else';

export interface Launch {
  readonly options: PostgresOptions;
  readonly sessions: Sessions;
}

export type FromLaunch =
  | { readonly kind: 'started'; readonly server: number; readonly guard: number }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  | { readonly kind: 'ended'; readonly sentence: string | undefined };

const say = (message: FromLaunch): void => void process.send?.(message);

async function connected(server: PostgresServer): Promise<Client> {
  const client = new Client({ connectionString: server.url('postgres', 'postgres') });
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function pidOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]?.pid ?? 0;
}

/** Whoever waits cannot tell; another session looks. */
async function untilTrue(client: Client, question: string, pid: number): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ yes: boolean }>(question, [pid]);
    if (rows[0]?.yes === true) return;
  }
}

async function bring(server: PostgresServer, sessions: Sessions): Promise<void> {
  const first = await connected(server);
  if (sessions === 'none') return;
  const second = await connected(server);
  const pid = await pidOf(second);
  if (sessions === 'one busy') {
    second.query('select count(*) from generate_series(1, 100000000000)').catch(() => {});
    const busy = "select state = 'active' as yes from pg_stat_activity where pid = $1";
    return untilTrue(first, busy, pid);
  }
  await first.query('select pg_advisory_lock(7)');
  second.query('select pg_advisory_lock(7)').catch(() => {});
  await untilTrue(first, 'select cardinality(pg_blocking_pids($1)) > 0 as yes', pid);
  if (sessions === 'one stopped while it waits for a lock') return void server.stopBackend(pid);
  say({ kind: 'started', server: server.pid, guard: server.guardPid });
  process.on('message', () => {
    server.stopBackend(pid);
    process.kill(process.pid, 'SIGKILL');
  });
}

async function main({ options, sessions }: Launch): Promise<void> {
  try {
    const server = await startPostgres(options);
    void server.ended.then((sentence) => say({ kind: 'ended', sentence }));
    await bring(server, sessions);
    if (sessions.endsWith('anything else')) return;
    process.on('message', () => void server.close());
    say({ kind: 'started', server: server.pid, guard: server.guardPid });
  } catch (error) {
    const code = error instanceof Failure ? error.code : 'no failure of ours';
    say({ kind: 'failed', code, message: (error as Error).message });
  }
}

process.on('disconnect', () => process.exit());
process.once('message', (launch: Launch) => void main(launch));
