/** A PostgreSQL that somebody brings along, by DATABASE_URL. Only the address is judged; nobody connects here. */
import { Failure } from '#kernel';

export interface OwnDatabase {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string | undefined;
}

const example = 'postgresql://user@localhost:5432/database';

/** Undefined where none is brought along. */
export function ownDatabase(
  env: Readonly<Record<string, string | undefined>>,
): OwnDatabase | undefined {
  const text = env['DATABASE_URL'];
  if (text === undefined || text.trim() === '') return undefined;
  const wrong = (what: string): Failure =>
    new Failure('USAGE', `DATABASE_URL ${what}; it should look like ${example}.`);
  const url = URL.parse(text.trim());
  if (url === null) throw wrong('is no address');
  if (url.protocol !== 'postgresql:' && url.protocol !== 'postgres:') {
    throw wrong(`begins with ${url.protocol}`);
  }
  const database = decodeURIComponent(url.pathname.slice(1));
  if (database === '' || database.includes('/')) throw wrong('names no database');
  const host = url.searchParams.get('host') ?? decodeURIComponent(url.hostname);
  if (host === '') throw wrong('names no host');
  const port = Number(url.searchParams.get('port') ?? (url.port === '' ? '5432' : url.port));
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw wrong('has no usable port');
  const user = decodeURIComponent(url.username);
  return { url: text.trim(), host, port, database, user: user === '' ? undefined : user };
}
