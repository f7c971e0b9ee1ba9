/** Where PostgreSQL's prepared data and running servers are kept: asked by who starts them, and by who only says so. */
import { join } from 'node:path';

export function databaseCache(root: string): string {
  return join(root, '.crashproof/cache/postgres');
}
