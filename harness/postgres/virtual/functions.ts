/**
 * The schema `sim`: PostgreSQL's functions of time, identity and chance, driven by the controller. It stands before
 * `pg_catalog` in each service's search_path, so that unqualified calls, also in column defaults, find these.
 *
 * Each lent session has a number (setting `sim.session`) and three sequences, because a sequence is seen at once by
 * all, in every transaction state, and survives a rollback to a savepoint, which a setting does not:
 * `tx_n` is when its transaction began, `statement_n` when its statement began, `chance_n` its stream of randomness.
 * `clock` is the virtual time of all. A sleep waits for an advisory lock that the controller holds, and says until
 * when it wants to sleep in a notice with SQLSTATE SIM01.
 *
 * Left out: `pg_catalog.now()` and its like written so; transaction ids, ctid and pids, which are real; `timeofday()`
 * has microseconds of 000; transactions that end and begin within one Query keep the first one's time.
 */

/** The first key of the advisory locks that sleepers wait for. */
export const sleepLockClass = 1_397_312_581;
/** SQLSTATE of the notice by which a sleeping statement says when it wants to wake. */
export const sleepNotice = 'SIM01';

const perSession = (name: string): string =>
  `('sim.${name}_' || pg_catalog.current_setting('sim.session'))::pg_catalog.regclass`;
const timeOf = (sequence: string): string =>
  `pg_catalog.to_timestamp(pg_catalog.pg_sequence_last_value(${sequence}) / 1000.0)`;

function sql(signature: string, result: string, body: string, kind = 'stable'): string {
  return (
    `create or replace function sim.${signature} returns ${result} language sql ${kind}` +
    ` as $sim$ select ${body} $sim$;`
  );
}

const inZone = (type: string): string => `sim.now()::${type}`;

const clock = [
  sql('now()', 'timestamptz', timeOf(perSession('tx'))),
  sql('transaction_timestamp()', 'timestamptz', 'sim.now()'),
  sql('statement_timestamp()', 'timestamptz', timeOf(perSession('statement'))),
  sql('clock_timestamp()', 'timestamptz', timeOf(`'sim.clock'::pg_catalog.regclass`), 'volatile'),
  sql(
    'timeofday()',
    'text',
    `pg_catalog.to_char(sim.clock_timestamp(), 'Dy Mon DD HH24:MI:SS.US YYYY TZ')`,
    'volatile',
  ),
  sql('"current_timestamp"()', 'timestamptz', 'sim.now()'),
  sql('"current_time"()', 'timetz', inZone('timetz')),
  sql('"current_date"()', 'date', inZone('date')),
  sql('"localtime"()', 'time', inZone('time')),
  sql('"localtimestamp"()', 'timestamp', inZone('timestamp')),
  sql('age(timestamptz)', 'interval', `pg_catalog.age(sim.now()::date::timestamptz, $1)`),
  sql('age(timestamp)', 'interval', `pg_catalog.age(sim.now()::date::timestamp, $1)`),
];

/** `CURRENT_TIMESTAMP(3)`: the precision is a type's modifier, so that each of the seven has its own cast. */
const rounded = [
  ['current_timestamp', 'timestamptz'],
  ['current_time', 'timetz'],
  ['localtime', 'time'],
  ['localtimestamp', 'timestamp'],
].map(([name = '', type = '']) => {
  const [bare = '', zone = ''] = type.endsWith('tz')
    ? [type.slice(0, -2), ' with time zone']
    : [type];
  const cases = [0, 1, 2, 3, 4, 5].map(
    (digits) => `when ${digits} then sim.now()::${bare}(${digits})${zone}`,
  );
  return sql(`"${name}"(int)`, type, `case $1 ${cases.join(' ')} else sim.now()::${type} end`);
});

const draw = `pg_catalog.md5(pg_catalog.nextval(${perSession('chance')})::text)`;
const chance = [
  // Version 4 and variant 1 are where RFC 9562 has them.
  `create or replace function sim.gen_random_uuid() returns uuid language sql volatile as $sim$
    select overlay(overlay(d placing '4' from 13) placing pg_catalog.substr('89ab',
      1 + pg_catalog.strpos('0123456789abcdef', pg_catalog.substr(d, 17, 1)) % 4, 1) from 17)::uuid
    from (select ${draw} d) drawn $sim$;`,
  sql(
    'random()',
    'float8',
    `('x' || pg_catalog.substr(${draw}, 1, 13))::bit(52)::bigint / 4503599627370496.0::float8`,
    'volatile',
  ),
  sql('setseed(float8)', 'void', 'null::void', 'volatile'),
];

/** Functions that later versions of PostgreSQL brought. */
const chanceSince: Readonly<Record<number, readonly string[]>> = {
  17: [
    sql(
      'random(int, int)',
      'int',
      '($1 + floor(sim.random() * ($2::bigint - $1 + 1)))::int',
      'volatile',
    ),
    sql(
      'random(bigint, bigint)',
      'bigint',
      '($1 + floor(sim.random() * ($2::numeric - $1 + 1)))::bigint',
      'volatile',
    ),
  ],
  18: [
    sql('uuidv4()', 'uuid', 'sim.gen_random_uuid()', 'volatile'),
    sql(
      'uuidv7()',
      'uuid',
      `(pg_catalog.lpad(pg_catalog.to_hex(` +
        `pg_catalog.pg_sequence_last_value('sim.clock'::regclass)), 12, '0')` +
        ` || '7' || pg_catalog.substr(replace(sim.gen_random_uuid()::text, '-', ''), 14))::uuid`,
      'volatile',
    ),
  ],
};

const sleep = [
  `create or replace function sim.pg_sleep(seconds float8) returns void language plpgsql volatile
    set client_min_messages = notice as $sim$
    declare
      until_ms bigint := pg_catalog.pg_sequence_last_value('sim.clock'::regclass)
        + pg_catalog.ceil(seconds * 1000)::bigint;
      turn int;
    begin
      if seconds <= 0 then return; end if;
      turn := pg_catalog.nextval('sim.sleeps')::int;
      raise notice using errcode = '${sleepNotice}', message = until_ms || ' ' || turn;
      perform pg_catalog.pg_advisory_lock(${sleepLockClass}, turn);
      perform pg_catalog.pg_advisory_unlock(${sleepLockClass}, turn);
    end $sim$;`,
  sql('pg_sleep_for(interval)', 'void', `sim.pg_sleep(extract(epoch from $1)::float8)`, 'volatile'),
  sql(
    'pg_sleep_until(timestamptz)',
    'void',
    `sim.pg_sleep(extract(epoch from $1 - sim.clock_timestamp())::float8)`,
    'volatile',
  ),
];

/** `set_config('lock_timeout', …)` must not start a real timer either. */
const timeoutNames = 'statement|lock|idle_in_transaction_session|transaction|idle_session';
const isTimeout = `$1 ~* '^(${timeoutNames})_timeout$'`;
const settings = [
  sql(
    'set_config(text, text, boolean)',
    'text',
    `pg_catalog.set_config(case when ${isTimeout} then 'sim.' || $1 else $1 end, $2, $3)`,
    'volatile',
  ),
  sql(
    'current_setting(text)',
    'text',
    `case when ${isTimeout}` +
      ` then coalesce(nullif(pg_catalog.current_setting('sim.' || $1, true), ''), '0')` +
      ` else pg_catalog.current_setting($1) end`,
  ),
];

/** A schema change leaves a count that no rollback takes back: such a database is not used again. */
const changes = [
  `create or replace function sim.saw_change() returns event_trigger language plpgsql
    security definer set search_path = pg_catalog as $sim$
    begin
      if session_user <> current_user and exists (select from pg_event_trigger_ddl_commands()
        where coalesce(schema_name, '') <> 'pg_temp') then perform nextval('sim.changes'); end if;
    end $sim$;`,
  `create or replace function sim.saw_drop() returns event_trigger language plpgsql
    security definer set search_path = pg_catalog as $sim$
    begin
      if session_user <> current_user and exists (select from pg_event_trigger_dropped_objects()
        where not is_temporary) then perform nextval('sim.changes'); end if;
    end $sim$;`,
  'drop event trigger if exists sim_saw_change;',
  'create event trigger sim_saw_change on ddl_command_end execute function sim.saw_change();',
  'drop event trigger if exists sim_saw_drop;',
  'create event trigger sim_saw_drop on sql_drop execute function sim.saw_drop();',
];

const sequences = ['clock', 'sleeps', 'changes'].map(
  (name) => `create sequence if not exists sim.${name} minvalue 0 start 0;`,
);

/** Everything that stands in the schema, for a server of this major version. */
export function simSchemaSql(major: number): string {
  const later = Object.entries(chanceSince)
    .filter(([since]) => major >= Number(since))
    .flatMap(([, functions]) => functions);
  return [
    'create schema if not exists sim;',
    ...sequences,
    sessionSql('admin'),
    'set check_function_bodies = off;',
    ...clock,
    ...rounded,
    ...chance,
    ...later,
    ...sleep,
    ...settings,
    ...changes,
    'reset check_function_bodies;',
    'grant usage on schema sim to public;',
    'grant select, usage on all sequences in schema sim to public;',
    'revoke all on sequence sim.changes from public;',
    `select setval('sim.clock', 0); select setval('sim.changes', 0);`,
  ].join('\n');
}

/** The sequences of one lent session. */
export function sessionSql(session: number | 'admin'): string {
  return ['tx', 'statement', 'chance']
    .map(
      (name) =>
        `create sequence if not exists sim.${name}_${session} minvalue 0;` +
        `grant select, usage on sequence sim.${name}_${session} to public;`,
    )
    .join('\n');
}
