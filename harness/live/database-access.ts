/** How the workbench itself reaches a PostgreSQL, and what it says when that does not let it. */
import { Client, DatabaseError } from 'pg';
import { Failure } from '#kernel';
import { Refused, type Row } from '#postgres';

export interface Access {
  readonly address: { readonly path: string } | { readonly host: string; readonly port: number };
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** Of the address, of PGPASSWORD or of the password file. */
  readonly password: string | undefined;
  /** It is somebody else's, by DATABASE_URL. */
  readonly isBrought: boolean;
}

const patienceMs = 10_000;

/** Reads an address as `pg` does, which also looks at the usual PG… variables. */
export function accessTo(url: string, isBrought: boolean): Access {
  let client: Client;
  try {
    client = new Client({ connectionString: url });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Failure('USAGE', `DATABASE_URL cannot be used: ${why}.`, { cause });
  }
  const { host, port, user = '', database = '', password, ssl } = client;
  if (ssl) {
    throw new Failure(
      'USAGE',
      'DATABASE_URL asks for an encrypted connection (sslmode), which the live world does not ' +
        'speak yet: use a server that this machine reaches without, or unset DATABASE_URL.',
    );
  }
  const address = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
  const known = typeof password === 'string' ? password : undefined;
  return { address, host, port, user, database, password: known, isBrought };
}

/** A session of ours; the access comes back with the password that let us in. */
export async function admittedBy(access: Access): Promise<{ client: Client; access: Access }> {
  const { host, port, user, database, password } = access;
  const client = new Client({
    host,
    port,
    user,
    database,
    ssl: false,
    application_name: 'crashproof',
    connectionTimeoutMillis: patienceMs,
    ...(password !== undefined && { password }),
  });
  // A server that goes away is noticed by whoever asks it next.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    client.end().catch(() => undefined);
    throw notAdmitted(access, error);
  }
  const used = typeof client.password === 'string' ? client.password : undefined;
  return { client, access: { ...access, password: password ?? used } };
}

/** Rows of text. `refused` = what an error of the server means here. */
export async function query(
  client: Client,
  access: Access,
  text: string,
  refused: (error: Refused) => Error = (error) => notAllowed(access, error),
): Promise<Row[]> {
  try {
    const result = await client.query<Row>(text);
    return result.rows ?? [];
  } catch (error) {
    if (error instanceof DatabaseError) {
      const { message, code = '', position } = error;
      throw refused(new Refused({ M: message, C: code, ...(position && { P: position }) }, text));
    }
    throw new Failure('NO_DATABASE', `${nameOf(access)} went away: run the command again.`, {
      cause: error,
    });
  }
}

function nameOf({ host, port, isBrought }: Access): string {
  return isBrought ? `The PostgreSQL of DATABASE_URL (${host}:${port})` : 'PostgreSQL';
}

const passwordAdvice = 'DATABASE_URL=postgresql://user:password@host:port/database, or PGPASSWORD';

function notAdmitted(access: Access, error: unknown): Failure {
  const why = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const { host, port, user, database } = access;
  const says = (sentence: string): Failure =>
    new Failure('NO_DATABASE', sentence, { cause: error });
  if (/password must be a string|no password supplied/i.test(why)) {
    return says(`${nameOf(access)} wants a password of ${user}: ${passwordAdvice}.`);
  }
  if (code === '28P01' || code === '28000') {
    return says(`${nameOf(access)} does not let ${user} in (${why}): ${passwordAdvice}.`);
  }
  if (code === '3D000') {
    return says(
      `${nameOf(access)} has no database ${database}: name one that is there. ` +
        'It is only for connecting and stays as it is.',
    );
  }
  if (error instanceof DatabaseError) {
    return says(`${nameOf(access)} does not let ${user} in: ${why}.`);
  }
  const reason = code === '' ? why : code;
  return says(
    `No PostgreSQL answers at ${host}:${port} (${reason}): start it, or unset DATABASE_URL ` +
      "and the workbench's own is used.",
  );
}

function notAllowed(access: Access, error: Refused): Failure {
  const { sqlState, sqlMessage } = error;
  if (sqlState === '42501' && /create database/i.test(sqlMessage)) {
    return new Failure(
      'NO_DATABASE',
      `${nameOf(access)} does not let ${access.user} create databases, which each run needs: ` +
        `alter role ${access.user} createdb, or name another login in DATABASE_URL.`,
      { cause: error },
    );
  }
  return error;
}
