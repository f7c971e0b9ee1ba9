/**
 * What a healthy PostgreSQL may answer to a statement instead of applying it, whatever the client did right: two
 * transactions collided, or an administrator ended the session. An error that the rows themselves would disprove is a
 * lie and left out: 23505 says that a row is there, and who believes it drops the work. Where the row is there,
 * PostgreSQL says so itself.
 *
 * Left out: 55P03 and 57014, which need a time-out that the client has set and are said then; errors of the
 * surroundings (disk full, too many clients).
 */

/** A statement as it reaches the server. */
export interface SqlMoment {
  readonly verbs: readonly string[];
  /** Its text says what to do where a row is there already. */
  readonly upserts: boolean;
  /** It is a query that locks rows, other things, or nothing. */
  readonly locks?: 'rows' | 'others' | undefined;
  /** As PostgreSQL calls it: `read committed`. */
  readonly isolation: string;
  /** Its transaction has rows or tables that others may wait for. */
  readonly holdsLocks: boolean;
  /** Its transaction has failed: there is nothing left to fail. */
  readonly hasFailed: boolean;
}

const serialization = '40001';
const deadlock = '40P01';
const ended = '57P01';

/** All that a schedule may place. */
export const sqlStates: readonly string[] = [serialization, deadlock, ended];

/** Those that lock rows that were there before. */
const locking = new Set(['UPDATE', 'DELETE', 'MERGE']);

export function healthySqlErrors(moment: SqlMoment): readonly string[] {
  const { verbs, upserts, locks: asked, isolation, holdsLocks, hasFailed } = moment;
  if (hasFailed) return [ended];
  const locks = verbs.some((verb) => locking.has(verb)) || upserts || asked === 'rows';
  // A deadlock takes two that hold something and want more.
  const deadlocks = (locks || asked === 'others') && holdsLocks;
  // Serializable transactions may fail anywhere, also in COMMIT, and without a cause that shows.
  const collides = isolation === 'serializable' || (isolation === 'repeatable read' && locks);
  return [...(collides ? [serialization] : []), ...(deadlocks ? [deadlock] : []), ended];
}
