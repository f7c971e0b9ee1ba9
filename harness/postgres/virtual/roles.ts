/**
 * One login role per service, in a schema of its own, with `<own schema>, sim, pg_catalog` as search_path: in this
 * order the virtual functions are found and new tables land where they belong.
 */
export interface ServiceRole {
  readonly name: string;
  /** Where its tables live. */
  readonly schema: string;
}

/** What its sessions look through for a name. */
export function searchPathOf(schema: string): string {
  return `${quoted(schema)}, sim, pg_catalog`;
}

/** Settings under which equal statements give equal rows: no parallel workers, no shared scans, no compiler. */
const steady: Readonly<Record<string, string>> = {
  max_parallel_workers_per_gather: '0',
  synchronize_seqscans: 'off',
  jit: 'off',
};

/**
 * Makes the role in the server and its schema in this database; may be run again. The settings are the
 * role's, so that a database made anew has them.
 */
export function roleSql({ name, schema }: ServiceRole): string {
  const role = quoted(name);
  const own = quoted(schema);
  const settings = Object.entries({ ...steady, search_path: searchPathOf(schema) }).map(
    ([setting, value]) => `alter role ${role} set ${setting} = ${value};`,
  );
  return [
    `do $$ begin create role ${role} login; exception when duplicate_object then null; end $$;`,
    `create schema if not exists ${own};`,
    `alter schema ${own} owner to ${role};`,
    ...settings,
  ].join('\n');
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
