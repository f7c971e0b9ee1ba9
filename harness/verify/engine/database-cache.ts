import { join } from 'node:path';

/** Where PostgreSQL's prepared data and running servers are kept. */
export function databaseCache(root: string): string {
  return join(root, '.crashproof/cache/postgres');
}
