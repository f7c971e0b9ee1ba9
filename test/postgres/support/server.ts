/** A PostgreSQL for a test file, with a database in which the schema `sim` and a service's role stand. */
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  openAdmin,
  roleSql,
  simSchemaSql,
  startPostgres,
  type Admin,
  type LendingServer,
} from '#postgres';

export interface TestServer extends LendingServer {
  readonly control: Admin;
  /** A file's own view of the server without what the workbench does to it. */
  url(user: string): string;
  end(): Promise<void>;
}

export async function startServer(schema = ''): Promise<TestServer> {
  const cacheDirectory = join(tmpdir(), 'crashproof-test-postgres');
  mkdirSync(cacheDirectory, { recursive: true });
  const server = await startPostgres({ cacheDirectory });
  const { address } = server;
  const database = 'shop';
  const first = await openAdmin({ address, user: 'postgres', database: 'postgres' });
  await first.query(`create database ${database}`);
  await first.close();
  const control = await openAdmin({ address, user: 'postgres', database });
  await control.query(simSchemaSql(18));
  await control.query(roleSql({ name: 'relay', schema: 'shop' }));
  if (schema !== '') {
    const owner = await openAdmin({ address, user: 'relay', database });
    await owner.query(schema);
    await owner.close();
  }
  return {
    address,
    database,
    admin: 'postgres',
    control,
    url: (user) => server.url(database, user),
    stopBackend: (pid) => server.stopBackend(pid),
    continueBackend: (pid) => server.continueBackend(pid),
    async end() {
      await control.close();
      await server.close();
    },
  };
}
