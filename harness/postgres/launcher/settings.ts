/**
 * How a server of ours is set: fast, because its data never outlives it; and the same every time, because nothing of
 * PostgreSQL's own may move while virtual time stands still.
 */

/** Longer than any run, so that a cycle of waits is found and broken by the schedule only. */
const never = '1h';

/** In files of the data directory, where the system has them: they go with it, also after a kill. */
export const sharedMemory = process.platform === 'win32' ? 'windows' : 'mmap';

export const settings: Readonly<Record<string, string>> = {
  // Nothing has to survive a power failure. Commits still flush: a reader of the log sees only
  // flushed records, and without that would wait for the WAL writer, which wakes every 200 ms.
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'on',
  max_wal_size: '256MB',
  min_wal_size: '64MB',
  wal_init_zero: 'off',
  checkpoint_timeout: '1d',

  // Nobody works behind the scenes.
  autovacuum: 'off',
  bgwriter_lru_maxpages: '0',
  max_parallel_workers: '0',
  max_parallel_workers_per_gather: '0',
  max_parallel_maintenance_workers: '0',
  max_logical_replication_workers: '0',
  io_method: 'sync',

  // The same plan and the same order of rows each time.
  jit: 'off',
  synchronize_seqscans: 'off',
  track_counts: 'off',
  deadlock_timeout: never,

  // The same words each time.
  TimeZone: 'UTC',
  DateStyle: 'ISO, MDY',
  lc_messages: 'C',

  // Only what says "ready" and what ends the server; a learner's errors go to the learner.
  log_timezone: 'UTC',
  log_min_messages: 'log',
  log_checkpoints: 'off',
  update_process_title: 'off',

  // Small: there is one server per simulation thread.
  shared_buffers: '16MB',
  max_connections: '100',
  huge_pages: 'off',
  dynamic_shared_memory_type: sharedMemory,

  // A backend that was killed leaves shared memory in doubt: start anew from the template instead.
  restart_after_crash: 'off',
};

/** As PostgreSQL's command line wants them. */
export function settingArguments(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** What a data directory is born with. Its locale is PostgreSQL's own, so that sorting does not depend on the host. */
export const initdbArguments: readonly string[] = [
  '--username=postgres',
  '--auth=trust',
  '--encoding=UTF8',
  '--no-locale',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  // Small, and not written through to the disk: a torn one is made anew.
  '--wal-segsize=1',
  '--no-data-checksums',
  '--no-sync',
];

/** Nobody changes `template1`, which new databases are copies of, so that it needs no spare. */
export const slimmingSql = `
update pg_database set datistemplate = false where datname = 'template0';
drop database template0;
`;
