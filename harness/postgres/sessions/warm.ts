/**
 * Warm server sessions, by role. Opening one costs milliseconds, so that they are kept: what a client leaves behind is
 * rolled back and discarded, and the session is lent again, always the one with the lowest number.
 *
 * Left out: settings of a client's start-up packet are applied by SET, so that its own RESET ALL takes them back too.
 */
import { createHash } from 'node:crypto';
import { timeouts } from '../statements/rewrite.ts';
import { sessionSql } from '../virtual/functions.ts';
import type { Frame } from '../wire/frames.ts';
import { copyFail, query, sync } from '../wire/messages.ts';
import type { Admin } from './admin.ts';
import { Connection, type ServerAddress } from './connection.ts';

export interface WarmSession {
  readonly number: number;
  readonly role: string;
  readonly connection: Connection;
}

interface Place {
  readonly address: ServerAddress;
  readonly database: string;
}

export class WarmSessions {
  readonly #server: Place;
  readonly #admin: Admin;
  readonly #free = new Map<string, WarmSession[]>();
  #opened = 0;

  constructor(server: Place, admin: Admin) {
    this.#server = server;
    this.#admin = admin;
  }

  async warm(role: string, count: number): Promise<void> {
    const opened: WarmSession[] = [];
    for (let index = 0; index < count; index++) opened.push(await this.#open(role));
    this.#free.set(role, [...(this.#free.get(role) ?? []), ...opened]);
  }

  async take(role: string): Promise<WarmSession> {
    return this.#free.get(role)?.shift() ?? this.#open(role);
  }

  /** Leaves nothing of the client behind; a session that cannot be cleaned is closed. */
  async giveBack(session: WarmSession): Promise<void> {
    const { connection, role } = session;
    if (!connection.closed) await connection.send(cleaning(connection));
    if (connection.closed || connection.tracker.status !== 'I') return connection.destroy();
    const free = this.#free.get(role) ?? [];
    free.push(session);
    this.#free.set(
      role,
      free.toSorted((a, b) => a.number - b.number),
    );
  }

  async close(): Promise<void> {
    const all = [...this.#free.values()].flat();
    this.#free.clear();
    await Promise.all(all.map(({ connection }) => connection.close()));
  }

  async #open(role: string): Promise<WarmSession> {
    const number = this.#opened++;
    await this.#admin.query(sessionSql(number));
    const settings = { session: String(number), ...noTimeouts };
    const options = Object.entries(settings).map(([name, value]) => `-c sim.${name}=${value}`);
    const connection = await Connection.open(this.#server.address, {
      user: role,
      database: this.#server.database,
      client_encoding: 'UTF8',
      options: options.join(' '),
    });
    return { number, role, connection };
  }
}

const noTimeouts = Object.fromEntries(timeouts.map((name) => [name, '0']));

/**
 * A Sync would commit what an Execute without Sync has done, so that one is sent only where the server skips messages
 * or copies; else ROLLBACK comes first, which also ends a transaction that no BEGIN has begun.
 */
function cleaning({ tracker }: Connection): Frame[] {
  const ending = tracker.copying ? [copyFail('the client is gone'), sync] : [sync];
  return [
    ...(tracker.copying || tracker.skipping ? ending : []),
    query('ROLLBACK'),
    query('DISCARD ALL'),
  ];
}

/** Where a session's stream of randomness begins: another seed or name, other identities. */
export function chanceOf(seed: number, stream: string): number {
  return createHash('sha256').update(`${seed}|${stream}`).digest().readUIntBE(0, 6) + 1;
}
