/**
 * The databases of one simulation thread, in one server of its own, which is started when the first is wanted. A server
 * that ends although nobody asked it to takes its databases along; who asks next gets another.
 */
import { invariant } from '#kernel';
import type { ChapterDefinition } from '#kit';
import {
  prepareDatabase,
  startPostgres,
  type PostgresServer,
  type PreparedDatabase,
  type SchemaText,
} from '#postgres';

export interface Databases {
  /** Begins to start the server, so that it is there when it is wanted. */
  start(): void;
  /** With these texts as its schema; the same again for equal wishes. */
  open(chapter: ChapterDefinition, schema: readonly SchemaText[]): Promise<PreparedDatabase>;
  close(): Promise<void>;
}

export function createDatabases(cacheDirectory: string): Databases {
  return new ThreadDatabases(cacheDirectory);
}

class ThreadDatabases implements Databases {
  readonly #cacheDirectory: string;
  readonly #open = new Map<string, Promise<PreparedDatabase>>();
  #server: Promise<PostgresServer> | undefined;

  constructor(cacheDirectory: string) {
    this.#cacheDirectory = cacheDirectory;
  }

  start(): void {
    // Who needs it hears of the failure.
    this.#started().catch(() => undefined);
  }

  open(chapter: ChapterDefinition, schema: readonly SchemaText[]): Promise<PreparedDatabase> {
    const { tables, roles, schemas } = chapter;
    invariant(tables !== undefined, 'only a chapter with tables has a database');
    const plan = { texts: schema, roles: Object.keys(roles), schemas, tables };
    const key = JSON.stringify(plan);
    let database = this.#open.get(key);
    if (database === undefined) {
      // The world is loaded while the server starts.
      database = Promise.all([this.#started(), import('#sim')]).then(([server, { epochMs }]) =>
        prepareDatabase(server, { ...plan, atMs: epochMs }),
      );
      this.#open.set(key, database);
    }
    return database;
  }

  async close(): Promise<void> {
    for (const database of this.#open.values()) await (await database).close();
    this.#open.clear();
    await (await this.#server)?.close();
    this.#server = undefined;
  }

  #started(): Promise<PostgresServer> {
    if (this.#server !== undefined) return this.#server;
    const server = startPostgres({ cacheDirectory: this.#cacheDirectory });
    this.#server = server;
    const forget = (): void => {
      if (this.#server !== server) return;
      this.#server = undefined;
      this.#open.clear();
    };
    server.then(({ ended }) => ended).then(forget, forget);
    return server;
  }
}
