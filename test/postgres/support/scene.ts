/** Server, sessions and bridge of one test file, and real clients on it. */
import pg from 'pg';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { openSessions, type Sessions, type SessionsOptions } from '#postgres';
import { Bridge } from './bridge.ts';
import { startServer, type TestServer } from './server.ts';

export interface Scene {
  readonly server: TestServer;
  readonly sessions: Sessions;
  readonly bridge: Bridge;
  /** A connected client; ended after the test. */
  client(config?: object): Promise<pg.Client>;
}

export const startMs = 1_700_000_000_000;

export function sceneOf(schema: string, options: Partial<SessionsOptions> = {}): Scene {
  const parts: Partial<Scene> = {};
  const clients: pg.Client[] = [];
  const scene: Scene = {
    get server() {
      return parts.server as TestServer;
    },
    get sessions() {
      return parts.sessions as Sessions;
    },
    get bridge() {
      return parts.bridge as Bridge;
    },
    async client(config = {}) {
      const address = { host: '127.0.0.1', port: scene.bridge.port };
      const client = new pg.Client({ ...address, user: 'relay', database: 'shop', ...config });
      client.on('error', () => undefined);
      clients.push(client);
      await client.connect();
      return client;
    },
  };
  beforeAll(async () => {
    const server = await startServer(schema);
    const roles = [{ name: 'relay', warm: 2 }];
    const sessions = await openSessions(server, { roles, ...options });
    Object.assign(parts, { server, sessions, bridge: await Bridge.open(sessions) });
  }, 60_000);
  afterEach(async () => {
    for (const client of clients.splice(0)) client.connection.stream.destroy();
    await scene.bridge.idle();
    await scene.sessions.giveAllBack();
    scene.bridge.reset();
  });
  afterAll(async () => {
    await parts.bridge?.close();
    await parts.sessions?.close();
    await parts.server?.end();
  });
  return scene;
}
